"""What a ladder shows: frames from view and history, columns, grouping, notes, veil.

Between the models and a ladder's view, as `ladder_orders` is between the hand and the
engine. A panel makes one and tells it when there is news.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QInputDialog

from app.sessions.session import Mode
from app.ui.context import Context
from app.ui.items.ladder_header import LadderHeader
from app.ui.items.ladder_view import LadderView
from app.ui.models import ladder_text
from app.ui.models.hand import STOP_LIMITS
from app.ui.models.ladder import Away
from app.ui.models.ladder_history import GROUPS, next_group
from app.ui.models.market import Listed
from app.ui.models.messages import Level
from app.ui.models.price_notes import PriceNotes
from app.ui.models.recentre import RULES

_NOTES_FILE: Final = "price-notes.json"


class LadderShow:
    """Shows one instrument in one view.

    Attributes
    ----------
    listed : Listed or None
        The instrument.
    unit : str
        Of the P&L cell, one of `ladder_text.UNITS`.
    """

    def __init__(self, context: Context, view: LadderView) -> None:
        self.listed: Listed | None = None
        self.unit = ladder_text.UNITS[0]
        self.header = LadderHeader(view)
        self._context, self._view = context, view
        self._desk, self._bridge = context.desk, context.bridge
        self._frames = self._desk.ladder_frames
        self._through = context.settings.through_ticks
        folder: Path = context.library.root.parent
        self._notes = PriceNotes(folder / _NOTES_FILE)
        header = self.header
        header.away_pressed.connect(self._lead)
        header.note_wanted.connect(self._ask_note)
        header.group_chosen.connect(self.group)
        header.rule_chosen.connect(self.recentre_by)
        header.stop_chosen.connect(self.let_stops_become)
        header.reset_pressed.connect(self._reset_flow)
        self._runs: Mapping[str, Callable[[], None]] = {
            "ladder.group_more": partial(self._regroup, 1),
            "ladder.group_less": partial(self._regroup, -1),
            "ladder.reset_flow": self._reset_flow,
            "ladder.columns": self._open_menu,
            "ladder.note": self._note_here,
        }

    def run(self, command_id: str) -> bool:
        """Do a command about what is shown; False if it is none of these."""
        known = self._runs.get(command_id)
        if known is not None and self.listed is not None:
            known()
        return known is not None

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return {
            **self.header.state(),
            "group": self._view.group,
            "recentre": self.header.rule,
            "stop_limit": self._view.gestures.stop_limit,
            "pnl": self.unit,
            "zoom": self._view.zoom,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept; what it does not know is passed over."""
        self.header.restore(state)
        if state.get("group") in GROUPS:
            self._view.regroup(int(state["group"]))
        self.recentre_by(str(state.get("recentre", "")))
        self.let_stops_become(state.get("stop_limit"))
        if state.get("pnl") in ladder_text.UNITS:
            self.unit = state["pnl"]
        zoom = state.get("zoom")
        if isinstance(zoom, int | float) and zoom == zoom:
            self._view.zoom_to(float(zoom))

    def select(self, listed: Listed | None) -> None:
        """Show another instrument."""
        self.listed = listed
        self._view.forget()
        notes = {} if listed is None else self._notes.of(listed.instrument.name)
        self._view.price_notes = notes

    # Frames.

    def frame(self) -> None:
        """Show the newest view, and follow the market."""
        listed, view = self.listed, self._view
        if listed is None:
            return
        rule = view.recentre.rule
        view.follow(self._frames.touch(listed, by_last=rule.by_last))
        self.build()

    def build(self) -> None:
        """Give the view a frame of its rows."""
        listed, view = self.listed, self._view
        if listed is None:
            return
        rows = view.top, view.rows, view.group
        view.show_frame(self._frames.frame(listed, *rows, self._through))

    def pulse(self) -> None:
        """Bring up to date what changes slowly."""
        session, listed = self._bridge.session, self.listed
        if listed is not None:
            history = session.history if session is not None else None
            self._frames.pulse(listed, history)
        is_live = session is not None and session.mode is Mode.LIVE
        veil = ladder_text.condition(self._desk, listed)
        self._view.show_condition(veil, is_live=is_live)

    def pnl(self) -> tuple[str, str]:
        """Text and colour of the P&L cell."""
        theme = self._context.theme
        return ladder_text.pnl_cell(self._desk, self.listed, self.unit, theme)

    def cycle_unit(self) -> None:
        """Say P&L in the next unit."""
        units = ladder_text.UNITS
        self.unit = units[(units.index(self.unit) + 1) % len(units)]

    # What the user chooses.

    def group(self, ticks: int) -> None:
        """Show so many ticks in a row."""
        if ticks != self._view.group:
            self._view.regroup(ticks)

    def recentre_by(self, name: str) -> None:
        """Choose a rule of recentring; an unknown one is passed over."""
        if name in RULES:
            self.header.rule = name
            self._view.recentre.rule = RULES[name]

    def let_stops_become(self, beyond: object) -> None:
        """Choose what a click's stop becomes; what is none of them is passed over."""
        if type(beyond) is int and beyond in STOP_LIMITS:
            self._view.gestures.stop_limit = beyond

    def _regroup(self, step: int) -> None:
        self.group(next_group(self._view.group, step))

    def _reset_flow(self) -> None:
        session = self._bridge.session
        history = session.history if session is not None else None
        if history is not None and self.listed is not None:
            history.reset_flow(self.listed.number)

    def _open_menu(self) -> None:
        self.header.menu().popup(QCursor.pos())

    def _lead(self, away: Away) -> None:
        """Scroll to orders out of view."""
        if self.listed is not None:
            self._view.centre_on(self.listed.scale.index(away.price))
            self._view.recentre.manual = True

    def _note_here(self) -> None:
        """Write a note at the keyboard's or the pointer's row."""
        spot, frame = self._view.spot_chosen, self._view.painted
        if spot is not None and frame is not None:
            self._ask_note(frame.price(spot.row))

    def _ask_note(self, price: int) -> None:
        if self.listed is None:
            return
        dialog = QInputDialog(self._view)
        dialog.setWindowTitle("Note")
        dialog.setLabelText(f"Note at {self.listed.text.price(price)}:")
        dialog.setTextValue(self._view.price_notes.get(price, ""))
        dialog.textValueSelected.connect(partial(self.write_note, price))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write_note(self, price: int, words: str) -> None:
        """Keep a note at a price (price units); without words it goes."""
        if self.listed is None:
            return
        name = self.listed.instrument.name
        try:
            self._notes.write(name, price, words)
        except OSError as error:
            self._bridge.tell(f"the note was not kept: {error}", Level.WARNING)
        self._view.price_notes = self._notes.of(name)
        self.build()
