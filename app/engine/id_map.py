"""Identifier maps: from an int64 key to the pool record that carries it.

A chained hash table: an arena section of int32 buckets (word 0 holds the number of
buckets in use, a power of two) and, in each record, its key and the link
`chain`. The table doubles by relinking when records outnumber buckets, up to
the section's capacity; after that chains merely grow longer.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from app.engine.arena import CAPACITY, LIVE, USED, Section, section, section_words
from app.engine.bits import integer
from app.engine.compile import kernel

BUCKET: Final = np.dtype("<i4")
FIRST_BUCKETS: Final = 1024
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_RUN_BITS: Final = np.uint64(16)
"""Of a run of ids in which no two share a bucket, if there are as many."""


@kernel
def _bucket(key: int, count: int) -> int:
    """Bucket of a key, from 1: keys that follow each other have neighbouring buckets.

    Ids are given one after another, so what is looked up next lies in a line that is
    near. Where such a run begins is spread by its upper bits (Knuth's multiplicative
    hashing), so that runs do not meet.
    """
    mixed = (np.uint64(key) >> _RUN_BITS) * _GOLDEN >> np.uint64(32)
    return integer((mixed + np.uint64(key)) & np.uint64(count - 1)) + 1


def id_map(  # noqa: C901, PLR0915  (kernels of one table, each small)
    buckets_section: Section,
    pool: Section,
    records: Callable[[int], Any],
    key_field: str,
) -> tuple[
    Callable[[int, int], int], Callable[[int, int], None], Callable[[int, int], None]
]:
    """Make the kernels of one map.

    Parameters
    ----------
    buckets_section, pool : Section
        Where the buckets and the keyed records are.
    records : kernel
        Accessor of `pool`; its dtype has `key_field` (int64) and `chain` (int32).

    Returns
    -------
    find(arena, key) -> record index or 0; link(arena, index); unlink(arena, index)
        Unlink a record before it goes back to its pool and before its key changes.
    """
    buckets = section(buckets_section, BUCKET)

    @kernel
    def relink(arena: int, count: int) -> None:
        """Rebuild with `count` buckets from the chains of the old ones."""
        table = buckets(arena)
        every = records(arena)
        old = integer(table[0])
        # Take all chains off into one list, then hang each record in its new bucket.
        first = 0
        for bucket in range(1, old + 1):
            index = integer(table[bucket])
            while index:
                following = integer(every[index]["chain"])
                every[index]["chain"] = first
                first = index
                index = following
        table[0] = count
        for bucket in range(1, count + 1):
            table[bucket] = 0
        section_words(arena, buckets_section)[USED] = count + 1
        while first:
            following = integer(every[first]["chain"])
            bucket = _bucket(every[first][key_field], count)
            every[first]["chain"] = table[bucket]
            table[bucket] = first
            first = following

    @kernel
    def find(arena: int, key: int) -> int:
        table = buckets(arena)
        if table[0] == 0:
            return 0
        every = records(arena)
        index = integer(table[_bucket(key, integer(table[0]))])
        while index and every[index][key_field] != key:
            index = integer(every[index]["chain"])
        return index

    @kernel
    def link(arena: int, index: int) -> None:
        table = buckets(arena)
        count = integer(table[0])
        if count == 0:
            relink(arena, min(FIRST_BUCKETS, _largest(arena)))
        elif section_words(arena, pool)[LIVE] > count and count * 2 <= _largest(arena):
            relink(arena, count * 2)
        every = records(arena)
        bucket = _bucket(every[index][key_field], integer(table[0]))
        every[index]["chain"] = table[bucket]
        table[bucket] = index

    @kernel
    def _largest(arena: int) -> int:
        """Return the largest power of two that the bucket section can hold."""
        room = section_words(arena, buckets_section)[CAPACITY] - 1
        largest = 1
        while largest * 2 <= room:
            largest *= 2
        return largest

    @kernel
    def unlink(arena: int, index: int) -> None:
        table = buckets(arena)
        every = records(arena)
        bucket = _bucket(every[index][key_field], integer(table[0]))
        here = integer(table[bucket])
        if here == index:
            table[bucket] = every[index]["chain"]
            return
        while here:
            following = integer(every[here]["chain"])
            if following == index:
                every[here]["chain"] = every[index]["chain"]
                return
            here = following

    return find, link, unlink
