"""The matching engine's id map: an owner's account and client order id → order.

A chained hash table with four buckets or more for each order. A link is an int32, the
order it leads to and above it some bits of that order's hash: a search seldom looks at
an order that is not the right one. Links stand apart from the orders, close together:
first one for each order, to the next in its bucket, then the buckets.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import CAPACITY, LIVE, USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import inlined, rare
from app.engine.matching_state import (
    INDEX_BITS,
    match_link,
    match_order,
    matching,
)
from app.engine.memory import record_address
from app.engine.prefetch import prefetch
from app.engine.rare import out_of_line

_FIRST_BUCKETS: Final = 4096
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_ACCOUNT_SHIFT: Final = np.uint64(44)
_INDEX: Final = 2**INDEX_BITS - 1
_TAG: Final = (2**31 - 1) & ~_INDEX
_33: Final = np.uint64(33)


@inlined
def key_hash(account: int, client_order_id: int) -> int:
    """Upper 31 bits of a key's hash (Knuth's multiplicative hashing).

    Its lower bits choose the bucket, its upper ones are the tag.
    """
    key = np.uint64(client_order_id) ^ (np.uint64(account) << _ACCOUNT_SHIFT)
    return integer((key * _FACTOR) >> _33)


@inlined
def _bucket(arena: int, hashed: int) -> Any:
    """Link of the bucket of a hash: buckets lie behind the orders' own links."""
    at = matching(arena)["id_start"] + (hashed & matching(arena)["id_mask"])
    return match_link(arena, at)


@inlined
def find_order(arena: int, account: int, client_order_id: int) -> int:
    """Working order of an account under its client id; 0 if there is none."""
    hashed = key_hash(account, client_order_id)
    return find_hashed(arena, hashed, account, client_order_id)


@inlined
def find_hashed(arena: int, hashed: int, account: int, client_order_id: int) -> int:
    """`find_order` where the key's hash is known."""
    link = integer(_bucket(arena, hashed)["next"])
    while link:
        if link & _TAG == hashed & _TAG:
            order = match_order(arena, link & _INDEX)
            same_id = order["client_order_id"] == client_order_id
            if same_id and order["account"] == account:
                return link & _INDEX
        link = integer(match_link(arena, link & _INDEX)["next"])
    return 0


@inlined
def link_order(arena: int, index: int) -> None:
    """Put an order, its `hash` set, into the map; its key must not be there."""
    if (
        section_words(arena, Section.MATCH_ORDERS)[LIVE] * 4
        > matching(arena)["id_mask"]
    ):
        _grow(arena)
    _hang(arena, index)


@inlined
def _hang(arena: int, index: int) -> None:
    order = match_order(arena, index)
    hashed = integer(order["hash"])
    bucket = _bucket(arena, hashed)
    order["mapped"] = 1
    match_link(arena, index)["next"] = bucket["next"]
    bucket["next"] = (hashed & _TAG) | index


@inlined
def unlink_order(arena: int, index: int) -> None:
    """Take an order out of the map."""
    order = match_order(arena, index)
    order["mapped"] = 0
    link = _bucket(arena, integer(order["hash"]))
    while integer(link["next"]) & _INDEX != index:
        link = match_link(arena, integer(link["next"]) & _INDEX)
    link["next"] = match_link(arena, index)["next"]


@inlined
def prefetch_bucket(arena: int, account: int, client_order_id: int) -> None:
    """Begin to fetch the bucket where a key would be searched."""
    prefetch(record_address(_bucket(arena, key_hash(account, client_order_id))))


@inlined
def prefetch_order(arena: int, account: int, client_order_id: int) -> None:
    """Begin to fetch the order that a search would look at first."""
    link = integer(_bucket(arena, key_hash(account, client_order_id))["next"])
    prefetch(record_address(match_order(arena, link & _INDEX)))


@rare
def _grow(arena: int) -> None:
    """Double the buckets, as far as their section allows, and hang every order anew."""
    out_of_line()
    state = matching(arena)
    start = section_words(arena, Section.MATCH_ORDERS)[CAPACITY]
    entry = section_words(arena, Section.MATCH_LINKS)
    old = state["id_mask"] + 1
    count = min(max(old * 2, _FIRST_BUCKETS), entry[CAPACITY] - start)
    if count == old:
        return
    state["id_start"] = start
    state["id_mask"] = count - 1
    entry[USED] = start + count
    for i in range(start, start + count):
        match_link(arena, i)["next"] = 0
    for i in range(1, section_words(arena, Section.MATCH_ORDERS)[USED]):
        if match_order(arena, i)["mapped"]:
            _hang(arena, i)
