"""The price index: which level stands at a price, and which is its neighbour.

A radix tree whose nodes have 64 children and a bitmap of the taken ones. It grows at
the root, so that prices close together, as they are, share their upper digits and a
look-up takes two or three steps; any int64 price is allowed. Children of the lowest
nodes are level numbers (from 1; 0 = none) that the caller chooses.

One tree is a TREE record inside the caller's own record; nodes come from the arena's
pool INDEX_NODES. Bid and ask use the same code: nothing here knows a side.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import Section, give, section, take
from app.engine.bits import highest_bit, integer, lowest_bit
from app.engine.compile import kernel

NODE: Final = np.dtype(
    [
        ("taken", "<u8"),  # bit i: child i is there
        ("parent", "<i4"),  # node above; 0 = root
        ("digit", "<i4"),  # which child of its parent this is
        ("children", "<i4", (64,)),  # nodes, or levels at height 0
    ],
    align=True,
)
"""One node of a price tree."""

TREE_FIELDS: Final = [
    ("tree_root", "<i4"),  # node; 0 = empty tree
    ("tree_height", "<i4"),  # 0: the root's children are levels
    ("tree_prefix", "<u8"),  # digits above the root, shared by all prices
]
"""Fields that make a record a tree; put them in the owner's dtype."""

_SIGN: Final = np.uint64(1 << 63)
_DIGIT: Final = np.uint64(63)
_SIX: Final = np.uint64(6)
_ONE: Final = np.uint64(1)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_TOP_HEIGHT: Final = 10

nodes = section(Section.INDEX_NODES, NODE)


@kernel
def _key(price: int) -> Any:
    """Map int64 prices to uint64 keys in the same order."""
    return np.uint64(price) ^ _SIGN


@kernel
def _above(key: Any, height: int) -> Any:
    """Digits of a key above a node of some height."""
    if height >= _TOP_HEIGHT:
        return np.uint64(0)
    return key >> (_SIX * np.uint64(height + 1))


@kernel
def _digit(key: Any, height: int) -> int:
    return integer((key >> (_SIX * np.uint64(height))) & _DIGIT)


@kernel
def _new_node(arena: int, parent: int, digit: int) -> int:
    node = take(arena, Section.INDEX_NODES)
    if node:
        record = nodes(arena)[node]
        record["taken"] = np.uint64(0)
        record["parent"] = parent
        record["digit"] = digit
        record["children"][:] = 0
    return node


@kernel
def _attach(record: Any, digit: int, child: int) -> None:
    record["children"][digit] = child
    record["taken"] |= _ONE << np.uint64(digit)


@kernel
def level_at(arena: int, tree: Any, price: int) -> int:
    """Level number that stands at `price`; 0 if none does."""
    node = integer(tree["tree_root"])
    height = integer(tree["tree_height"])
    key = _key(price)
    if node == 0 or _above(key, height) != tree["tree_prefix"]:
        return 0
    every = nodes(arena)
    while height > 0:
        node = integer(every[node]["children"][_digit(key, height)])
        if node == 0:
            return 0
        height -= 1
    return integer(every[node]["children"][_digit(key, 0)])


@kernel
def _raise_root(arena: int, tree: Any, key: Any) -> bool:
    """Grow at the root until `key` fits below it."""
    every = nodes(arena)
    if tree["tree_root"] == 0:
        root = _new_node(arena, 0, 0)
        if root == 0:
            return False
        tree["tree_root"] = root
        tree["tree_height"] = 0
        tree["tree_prefix"] = _above(key, 0)
        return True
    while _above(key, tree["tree_height"]) != tree["tree_prefix"]:
        root = _new_node(arena, 0, 0)
        if root == 0:
            return False
        old = tree["tree_root"]
        digit = integer(tree["tree_prefix"] & _DIGIT)
        _attach(every[root], digit, old)
        every[old]["parent"] = root
        every[old]["digit"] = digit
        tree["tree_root"] = root
        tree["tree_height"] += 1
        tree["tree_prefix"] >>= _SIX
    return True


@kernel
def insert_level(arena: int, tree: Any, price: int, level: int) -> bool:
    """Put `level` at `price`, where no level stands; False if the node pool is full."""
    key = _key(price)
    if not _raise_root(arena, tree, key):
        return False
    every = nodes(arena)
    node = integer(tree["tree_root"])
    height = integer(tree["tree_height"])
    while height > 0:
        digit = _digit(key, height)
        child = integer(every[node]["children"][digit])
        if child == 0:
            child = _new_node(arena, node, digit)
            if child == 0:
                _prune_empty(arena, tree, node)
                return False
            _attach(every[node], digit, child)
        node = child
        height -= 1
    _attach(every[node], _digit(key, 0), level)
    return True


@kernel
def _prune_empty(arena: int, tree: Any, node: int) -> None:
    """Give back `node` and its ancestors as far as they are empty."""
    every = nodes(arena)
    while node and every[node]["taken"] == np.uint64(0):
        parent = integer(every[node]["parent"])
        digit = integer(every[node]["digit"])
        give(arena, Section.INDEX_NODES, node)
        if parent == 0:
            tree["tree_root"] = 0
            return
        every[parent]["children"][digit] = 0
        every[parent]["taken"] &= ~(_ONE << np.uint64(digit))
        node = parent


@kernel
def remove_level(arena: int, tree: Any, price: int) -> None:
    """Take out the level that stands at `price`."""
    every = nodes(arena)
    key = _key(price)
    node = integer(tree["tree_root"])
    height = integer(tree["tree_height"])
    while height > 0:
        node = integer(every[node]["children"][_digit(key, height)])
        height -= 1
    digit = _digit(key, 0)
    every[node]["children"][digit] = 0
    every[node]["taken"] &= ~(_ONE << np.uint64(digit))
    _prune_empty(arena, tree, node)


@kernel
def _extreme_below(arena: int, node: int, height: int, direction: int) -> int:
    """Level at the lowest (+1) or highest (-1) price below a node."""
    every = nodes(arena)
    while True:
        taken = every[node]["taken"]
        digit = lowest_bit(taken) if direction > 0 else highest_bit(taken)
        node = integer(every[node]["children"][digit])
        if height == 0:
            return node
        height -= 1


@kernel
def _beyond(taken: Any, digit: int, direction: int) -> Any:
    """Taken children on the far side of `digit`."""
    if direction > 0:
        return taken & (_ALL << np.uint64(digit)) & ~(_ONE << np.uint64(digit))
    return taken & ((_ONE << np.uint64(digit)) - _ONE)


@kernel
def neighbour(arena: int, tree: Any, price: int, direction: int) -> int:
    """Level nearest to `price` above it (+1) or below it (-1); 0 if none is.

    `price` itself need not stand in the tree, and is never the answer.
    """
    node = integer(tree["tree_root"])
    height = integer(tree["tree_height"])
    if node == 0:
        return 0
    every = nodes(arena)
    key = _key(price)
    above = _above(key, height)
    if above != tree["tree_prefix"]:
        if (above < tree["tree_prefix"]) == (direction > 0):
            return _extreme_below(arena, node, height, direction)
        return 0
    while height > 0:
        child = integer(every[node]["children"][_digit(key, height)])
        if child == 0:
            break
        node = child
        height -= 1
    digit = _digit(key, height)
    while node:
        rest = _beyond(every[node]["taken"], digit, direction)
        if rest != np.uint64(0):
            digit = lowest_bit(rest) if direction > 0 else highest_bit(rest)
            child = integer(every[node]["children"][digit])
            if height == 0:
                return child
            return _extreme_below(arena, child, height - 1, direction)
        digit = integer(every[node]["digit"])
        node = integer(every[node]["parent"])
        height += 1
    return 0
