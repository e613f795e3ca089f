"""The matching engine's id map: an owner's account and client order id → order.

A chained hash table like `id_map`, with a key of two fields. Its chains are searched
from the bucket whose place `slot_of` gives; taking an order out needs no second search
where the caller has just found it.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import CAPACITY, LIVE, USED, Section, section, section_words
from app.engine.compile import kernel
from app.engine.id_map import BUCKET
from app.engine.matching_state import match_orders

_FIRST_BUCKETS: Final = 1024
_ID_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_ACCOUNT_FACTOR: Final = np.uint64(0xC2B2AE3D27D4EB4F)

_buckets = section(Section.MATCH_BUCKETS, BUCKET)


@kernel
def _bucket(account: int, client_order_id: int, count: int) -> int:
    """Bucket of a key, from 1 (Knuth's multiplicative hashing)."""
    mixed = np.uint64(client_order_id) * _ID_FACTOR
    mixed += np.uint64(account) * _ACCOUNT_FACTOR
    return np.int64((mixed >> np.uint64(32)) & np.uint64(count - 1)) + 1


@kernel
def _bucket_of(order: Any, count: int) -> int:
    return _bucket(np.int64(order["account"]), order["client_order_id"], count)


@kernel
def find_order(arena: int, account: int, client_order_id: int) -> int:
    """Working order of an account under its client id; 0 if there is none."""
    table = _buckets(arena)
    count = np.int64(table[0])
    if count == 0:
        return 0
    every = match_orders(arena)
    index = np.int64(table[_bucket(account, client_order_id, count)])
    while index:
        order = every[index]
        if order["client_order_id"] == client_order_id and order["account"] == account:
            return index
        index = np.int64(order["chain"])
    return 0


@kernel
def link_order(arena: int, index: int) -> None:
    """Put an order into the map, whose key must not be there."""
    table = _buckets(arena)
    count = np.int64(table[0])
    if section_words(arena, Section.MATCH_ORDERS)[LIVE] * 2 > count:
        count = _grow(arena, count)
    order = match_orders(arena)[index]
    bucket = _bucket_of(order, count)
    order["chain"] = table[bucket]
    table[bucket] = index


@kernel
def unlink_order(arena: int, index: int) -> None:
    """Take an order out of the map."""
    table = _buckets(arena)
    every = match_orders(arena)
    bucket = _bucket_of(every[index], np.int64(table[0]))
    here = np.int64(table[bucket])
    if here == index:
        table[bucket] = every[index]["chain"]
        return
    while np.int64(every[here]["chain"]) != index:
        here = np.int64(every[here]["chain"])
    every[here]["chain"] = every[index]["chain"]


@kernel
def _grow(arena: int, old: int) -> int:
    """Double the buckets, as far as the section allows, and hang every order anew."""
    room = section_words(arena, Section.MATCH_BUCKETS)[CAPACITY] - 1
    count = old * 2 if old else _FIRST_BUCKETS
    while count > room:
        count >>= 1
    if count == old:
        return old
    table = _buckets(arena)
    every = match_orders(arena)
    # All chains become one list first, so that the table can be cleared in place.
    first = 0
    for bucket in range(1, old + 1):
        index = np.int64(table[bucket])
        while index:
            following = np.int64(every[index]["chain"])
            every[index]["chain"] = first
            first = index
            index = following
    table[1 : count + 1] = 0
    table[0] = count
    section_words(arena, Section.MATCH_BUCKETS)[USED] = count + 1
    while first:
        following = np.int64(every[first]["chain"])
        bucket = _bucket_of(every[first], count)
        every[first]["chain"] = table[bucket]
        table[bucket] = first
        first = following
    return count
