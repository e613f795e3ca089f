"""A workspace as it is kept: which panels, linked how, set to what, standing where.

What is read is judged field by field: whatever is not as it should be is left out, and
the rest holds, since a workspace with one panel missing is better than none.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

VERSION: Final = 1
_MOST_PANELS: Final = 200
_FAR: Final = 100_000
"""No screen reaches further, pixels."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a floating panel is: the window's inner rectangle, pixels."""

    x: int
    y: int
    width: int
    height: int
    is_maximised: bool = False


@dataclass(frozen=True, slots=True)
class PanelState:
    """One panel of a workspace.

    Attributes
    ----------
    name : str
        As `panel_rows.parse_instance` reads it.
    group : str
        The link group; "" for an instrument of its own.
    instrument : str
        The name of what it shows; "" where that is not known.
    state : dict
        What the panel keeps of itself.
    place : Place or None
        None while it is docked.
    """

    name: str
    group: str = "A"
    instrument: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """All that a workspace holds.

    Attributes
    ----------
    name : str
    panels : tuple of PanelState
    groups : dict of str to str
        A link group's letter to the name of its instrument.
    layout : bytes
        What Qt says of the docks; empty = as it ships.
    """

    name: str
    panels: tuple[PanelState, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    layout: bytes = b""

    def to_json(self) -> dict[str, Any]:
        """Return what is written to a file."""
        return {
            "version": VERSION,
            "name": self.name,
            "groups": dict(self.groups),
            "panels": [_panel_to_json(each) for each in self.panels],
            "layout": base64.b64encode(self.layout).decode("ascii"),
        }


def from_json(content: Mapping[str, Any], name: str) -> Workspace:
    """Read a workspace.

    Raises
    ------
    ValueError
        If nothing of it can be used.
    """
    version = content.get("version")
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise ValueError(f"it is of version {version!r}, not {VERSION}")
    listed = content.get("panels")
    if not isinstance(listed, list):
        raise ValueError("it names no panels")
    panels = tuple(
        panel
        for panel in map(_panel_from_json, listed[:_MOST_PANELS])
        if panel is not None
    )
    named = content.get("name")
    return Workspace(
        named if isinstance(named, str) and named else name,
        panels,
        _texts(content.get("groups")),
        _bytes(content.get("layout")),
    )


def _panel_to_json(panel: PanelState) -> dict[str, Any]:
    made: dict[str, Any] = {"name": panel.name, "group": panel.group}
    if panel.instrument:
        made["instrument"] = panel.instrument
    if panel.state:
        made["state"] = dict(panel.state)
    if panel.place is not None:
        place = panel.place
        made["place"] = [place.x, place.y, place.width, place.height]
        made["maximised"] = place.is_maximised
    return made


def _panel_from_json(content: object) -> PanelState | None:
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        return None
    group, instrument = content.get("group"), content.get("instrument")
    state = content.get("state")
    return PanelState(
        content["name"],
        group if isinstance(group, str) else "A",
        instrument if isinstance(instrument, str) else "",
        state if isinstance(state, dict) else {},
        _place(content.get("place"), content.get("maximised") is True),
    )


def _place(numbers: object, is_maximised: bool) -> Place | None:
    if not isinstance(numbers, list) or len(numbers) != 4:
        return None
    if not all(type(each) is int and abs(each) < _FAR for each in numbers):
        return None
    x, y, width, height = numbers
    return Place(x, y, max(1, width), max(1, height), is_maximised)


def _texts(content: object) -> dict[str, str]:
    if not isinstance(content, dict):
        return {}
    return {key: text for key, text in content.items() if isinstance(text, str)}


def _bytes(content: object) -> bytes:
    if not isinstance(content, str):
        return b""
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return b""
