"""Drives the compiled matching engine from tests: commands in, tuples out, checks."""

from typing import Any, NamedTuple

import numpy as np

from app.engine.arena import LIVE, Arena, Section
from app.engine.exchange.unit import match_batch
from app.engine.matching_state import (
    INDEX_BITS,
    STRATEGIES,
    matching_layout,
    open_matching,
)
from app.engine.records import (
    BUY,
    COMMAND,
    NO_PRICE,
    SELL,
    Action,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
    Trigger,
)
from app.engine.state import fixed_layout

_HEADER_START, _STRIDE = 16, 8
LOWEST = -(2**63)
TICK_ONE = ((LOWEST, 1),)
REPORTS_AND_MARKET = 3
CONTINUOUS = (SessionState.UNKNOWN, SessionState.OPEN, SessionState.EXTENDED)
REFUSALS = {
    ReportType.REJECTED,
    ReportType.CANCEL_REJECTED,
    ReportType.REPLACE_REJECTED,
}


class Cmd(NamedTuple):
    """A command as tests write it."""

    action: int
    id: int
    account: int = 1
    instrument: int = 0
    side: int = BUY
    kind: int = OrderType.LIMIT
    quantity: int = 0
    price: int = NO_PRICE
    force: int = TimeInForce.GTC
    options: int = 0
    protection: int = -1
    display: int = 0
    stop: int = NO_PRICE
    trail: int = 0
    trigger: int = 0
    group: int = 0
    role: int = 0
    expire: int = 0
    strategy: int = 0
    value: int = 0
    time: int = 1_000


def new(key, side, quantity, price, **more):
    """A limit order."""
    return Cmd(Action.NEW, key, side=side, quantity=quantity, price=price, **more)


def market(key, side, quantity, **more):
    """A market order."""
    return new(key, side, quantity, NO_PRICE, kind=OrderType.MARKET, **more)


def cancel(key, **more):
    """Cancel of a working order."""
    return Cmd(Action.CANCEL, key, **more)


def replace(key, quantity=0, price=NO_PRICE, kind=0, **more):
    """Replace; what is not given stays."""
    return Cmd(Action.REPLACE, key, quantity=quantity, price=price, kind=kind, **more)


FIELDS_OF_CMD = (
    *("action", "client_order_id", "account", "instrument", "side", "order_type"),
    *("quantity", "price", "time_in_force", "options", "protection_ticks"),
    *("display_quantity", "stop_price", "trail", "trigger", "group", "role"),
    *("expire_ts", "strategy", "value", "ts_venue"),
)
"""Fields of COMMAND in the order of `Cmd`."""


def to_records(commands):
    """COMMAND array of what tests wrote."""
    records = np.zeros(len(commands), COMMAND)
    for row, each in zip(records, commands, strict=True):
        for name, value in zip(FIELDS_OF_CMD, each, strict=True):
            row[name] = value
    return records


REPORT_FIELDS = (
    "sequence",
    "client_order_id",
    "venue_order_id",
    "instrument",
    "report",
    "status",
    "reason",
    "side",
    "order_type",
    "quantity",
    "filled",
    "leaves",
    "price",
    "last_price",
    "last_quantity",
    "liquidity",
    "stop_price",
    "group",
)
MARKET_FIELDS = (
    "instrument",
    "kind",
    "price",
    "size",
    "reference",
    "side",
    "aggressor",
    "conditions",
    "count",
    "flags",
)


def tuples(records, fields):
    """Rows of some fields as tuples of int."""
    columns = [records[name].tolist() for name in fields]
    return list(zip(*columns, strict=True))


class Driver:
    """A compiled matching engine over an arena of its own."""

    def __init__(
        self,
        tables=(TICK_ONE,),
        protection=(-1,),
        orders=1000,
        outputs=0,
        accounts=1,
        always=(),
    ):
        layout = fixed_layout(len(tables)) | matching_layout(
            len(tables), orders, outputs, accounts
        )
        self.arena = Arena(layout)
        bands = self.arena.records(Section.TICK_BANDS)
        start = 0
        for index, table in enumerate(tables):
            row = self.arena.records(Section.INSTRUMENTS)[index]
            row["first_band"], row["bands"] = start, len(table)
            row["protection_ticks"] = protection[index]
            row["default_trigger"] = Trigger.LAST
            row["always"] = always[index] if always else 0
            for low, step in table:
                bands[start] = (low, step)
                start += 1
        self.state = self.arena.records(Section.MATCHING)[0]
        open_matching(self.arena, len(tables), REPORTS_AND_MARKET, accounts)

    def act(self, command):
        """Act on one command; return why it was refused, or 0."""
        records = to_records([command])
        assert match_batch(self.arena.address, records.ctypes.data, 1) == 1
        refused = [each[6] for each in self.reports if each[4] in REFUSALS]
        return refused[0] if refused else Reason.NONE

    def batch(self, records):
        """Act on an array; yield the outputs each time they had to be taken."""
        done = 0
        while done < len(records):
            address = records.ctypes.data + COMMAND.itemsize * done
            done += match_batch(self.arena.address, address, len(records) - done)
            yield done

    @property
    def reports(self):
        """Reports of the last call."""
        used = self.arena.used(Section.MATCH_REPORTS)
        rows = self.arena.records(Section.MATCH_REPORTS)[1:used]
        return tuples(rows, REPORT_FIELDS)

    @property
    def market(self):
        """Market records of the last call."""
        used = self.arena.used(Section.MATCH_MARKET)
        return tuples(self.arena.records(Section.MATCH_MARKET)[1:used], MARKET_FIELDS)

    def live(self, section):
        """How many records of a pool are taken."""
        return int(self.arena.header[_HEADER_START + _STRIDE * section + LIVE])

    def levels(self, instrument, side):
        """(price, size, count) from the best, by the level links."""
        return [(p, s, c) for p, s, c, _ in self._walk(instrument, side)]

    def queue(self, instrument, side):
        """(account, client id, leaves, price) of orders, first to trade first."""
        rows = self.arena.records(Section.MATCH_ORDERS)
        return [
            (
                int(rows[i]["account"]),
                int(rows[i]["client_order_id"]),
                int(rows[i]["leaves"]),
                price,
            )
            for price, _, _, indices in self._walk(instrument, side)
            for i in indices
        ]

    def _walk(self, instrument, side):
        """Walk one side by its links, asserting that they fit together."""
        number = 2 * instrument + 2 + (side < 0)
        book = self.arena.records(Section.MATCH_BOOKS)[number]
        levels = self.arena.records(Section.MATCH_LEVELS)
        index, better = int(book["best"]), 0
        result: list[Any] = []
        while index:
            level = levels[index]
            assert level["better"] == better
            assert level["side_index"] == number
            price = int(level["price"])
            assert not result or side * (result[-1][0] - price) > 0
            result.append(
                (price, int(level["size"]), int(level["count"]), self._members(index))
            )
            better, index = index, int(level["worse"])
        assert book["levels"] == len(result)
        assert book["orders"] == sum(count for _, _, count, _ in result)
        return result

    def _members(self, level_index):
        level = self.arena.records(Section.MATCH_LEVELS)[level_index]
        orders = self.arena.records(Section.MATCH_ORDERS)
        index = int(level["head"])
        members: list[Any] = []
        while index:
            row = orders[index]
            assert row["level"] == level_index
            assert not members or row["previous"] == members[-1]
            assert 0 < row["leaves"] <= row["quantity"]
            members.append(index)
            index = int(row["next"])
        assert members
        assert members[-1] == level["tail"]
        assert len(members) == level["count"]
        assert sum(int(orders[i]["leaves"]) for i in members) == level["size"]
        return members

    def check(self):
        """Assert every invariant of the books, trees, maps and pools."""
        resting, level_count, node_count = [], 0, 0
        rules = self.arena.records(Section.INSTRUMENTS)
        for instrument in range(int(self.state["instruments"])):
            walks = {side: self._walk(instrument, side) for side in (BUY, SELL)}
            matched = rules[instrument]["session"] in CONTINUOUS
            if matched and walks[BUY] and walks[SELL]:
                assert walks[BUY][0][0] < walks[SELL][0][0], "crossed at rest"
            for side, walk in walks.items():
                resting += [i for _, _, _, members in walk for i in members]
                level_count += len(walk)
                prices, nodes = self._tree(instrument, side)
                node_count += nodes
                assert prices == sorted(price for price, *_ in walk)
        assert len(set(resting)) == len(resting)
        mapped = self._mapped()
        assert self.live(Section.MATCH_ORDERS) == len(mapped)
        assert self.live(Section.MATCH_LEVELS) == level_count
        if self.live(Section.CONDITION_LEVELS) == 0:
            assert self.live(Section.INDEX_NODES) == node_count
        assert set(mapped) >= set(resting)
        self._check_conditions(mapped, resting)
        assert self.state["lost"] == 0

    def _check_conditions(self, mapped, resting):
        """Orders beside the book have a condition, and each condition an order."""
        orders = self.arena.records(Section.MATCH_ORDERS)
        rows = self.arena.records(Section.CONDITIONS)
        beside = set(mapped) - set(resting)
        assert all(orders[i]["condition"] for i in beside)
        special = [i for i in mapped if orders[i]["condition"]]
        assert self.state["conditions"] == len(special)
        assert self.live(Section.CONDITIONS) == len(special)
        assert all(rows[orders[i]["condition"]]["order"] == i for i in special)
        hidden = [rows[orders[i]["condition"]] for i in special]
        peaks = sum(-(-int(r["hidden"]) // int(r["display"] or 1)) for r in hidden)
        assert self.state["peaks"] == peaks
        assert self.arena.records(Section.CONDITIONAL)[0]["first_step"] == 0
        for i in special:
            order, row = orders[i], rows[orders[i]["condition"]]
            left = int(order["leaves"] + row["hidden"])
            assert 0 <= left <= order["quantity"]
            if row["group"] and row["role"] in (2, 4, 5):
                assert row["leaves"] == left or order["options"] & 2
            if order["options"] & 2:
                held = self._held(order)
                assert left == 0 or left <= -int(order["side"]) * held

    def _held(self, order):
        """What the owner of an order holds."""
        strategy = 0 if order["account"] else int(order["strategy"])
        return self.position(int(order["instrument"]), int(order["account"]), strategy)

    def position(self, instrument, account, strategy=0):
        """What an account, or a strategy of account 0, holds."""
        accounts = int(self.state["accounts"])
        row = 1 + instrument * (accounts + STRATEGIES)
        row += accounts + strategy if strategy else account
        return int(self.arena.records(Section.MATCH_POSITIONS)[row]["quantity"])

    def _tree(self, instrument, side):
        """Prices in a side's tree, ascending, and the number of its nodes."""
        book = self.arena.records(Section.MATCH_BOOKS)[2 * instrument + 2 + (side < 0)]
        nodes = self.arena.records(Section.INDEX_NODES)
        levels = self.arena.records(Section.MATCH_LEVELS)
        if not book["tree_root"]:
            return [], 0
        here, count = [int(book["tree_root"])], 0
        for height in range(int(book["tree_height"]), -1, -1):
            count += len(here)
            below = []
            for node in here:
                taken = int(nodes[node]["taken"])
                assert taken
                digits = [d for d in range(64) if taken >> d & 1]
                children = nodes[node]["children"]
                assert digits == np.flatnonzero(children).tolist()
                below += [int(children[d]) for d in digits]
            here = below
            assert height or all(levels[i]["side_index"] for i in here)
        return [int(levels[i]["price"]) for i in here], count

    def _mapped(self):
        """Orders that the id map holds."""
        links = self.arena.records(Section.MATCH_LINKS)["next"]
        orders = self.arena.records(Section.MATCH_ORDERS)
        start, count = int(self.state["id_start"]), int(self.state["id_mask"]) + 1
        buckets = links[start : start + count]
        found = []
        for link in buckets[buckets != 0].tolist() if start else []:
            while link:
                index = link % 2**INDEX_BITS
                assert orders[index]["mapped"]
                found.append(index)
                link = int(links[index])
        return sorted(found)
