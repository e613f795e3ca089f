"""The data folder of QuantConnect Lean: what a path tells of a file.

``equity/usa/minute/spy/20131007_trade.zip`` is a security type, a market, a resolution,
a symbol, a day and what is in it; hours and days have one zip per symbol,
``equity/usa/daily/spy.zip``. The clock is the market's.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from app.data.local_time import is_zone
from app.errors import FileFormatError, InstrumentError
from app.instrument import InstrumentKind

KINDS: Final = {
    "equity": InstrumentKind.STOCK,
    "forex": InstrumentKind.FX_SPOT,
    "crypto": InstrumentKind.CRYPTO_SPOT,
    "cryptofuture": InstrumentKind.PERPETUAL,
    "future": InstrumentKind.FUTURE,
}
"""Security types that are imported."""
_REFUSED: Final = ("option", "futureoption", "index", "indexoption", "cfd", "base")
INTERVALS: Final = {"second": "1s", "minute": "1m", "hour": "1h", "daily": "1d"}
"""Resolutions that have bars, and how long these are."""
RESOLUTIONS: Final = ("tick", *INTERVALS)
WHATS: Final = ("trade", "quote", "openinterest")
ZONES: Final = {
    ("equity", "usa"): "America/New_York",
    ("equity", "india"): "Asia/Kolkata",
    ("forex", "fxcm"): "Etc/GMT+5",  # UTC-05 all year
    ("forex", "oanda"): "UTC",
    ("future", "india"): "Asia/Kolkata",
}
"""Clock of each market; crypto and all other futures are kept in UTC."""
_WITH_DAY: Final = re.compile(r"(?P<day>\d{8})_(?P<what>[a-z]+)\.zip")
_WHOLE: Final = re.compile(
    r"(?P<symbol>.+?)(?:_(?P<what>trade|quote|openinterest))?\.zip"
)
_EXPIRY: Final = re.compile(r"_(?P<expiry>\d{6})(?:\d\d)?\.csv$")
_MONTHS: Final = "FGHJKMNQUVXZ"
_BLOCK_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class LeanFile:
    """One zip of a Lean data folder."""

    path: Path
    security: str
    """equity, forex, crypto …"""
    market: str
    resolution: str
    symbol: str
    what: str
    """trade, quote or openinterest; "" where only the columns tell."""
    day: date | None
    """The day of its times; None where rows have their own."""
    zone: str

    @property
    def kind(self) -> InstrumentKind:
        """Kind of the instruments in it."""
        return KINDS[self.security]

    @property
    def interval(self) -> str:
        """Length of its bars: 1s, 1m, 1h or 1d."""
        return INTERVALS[self.resolution]

    def beside(self, folder: str) -> Path:
        """Return where a folder of the market would have this symbol's file."""
        market = self.path.resolve()
        while market.name.lower() != self.market and market != market.parent:
            market = market.parent
        return market / folder / f"{self.symbol.lower()}.csv"


def lean_file(path: Path, told: str | None = None, zone: str | None = None) -> LeanFile:
    """Say what a path tells.

    Parameters
    ----------
    path : Path
    told : str, optional
        ``TYPE/MARKET/RESOLUTION[/SYMBOL]`` for a file that lies elsewhere.
    zone : str, optional
        The clock of a market that is not known.

    Raises
    ------
    FileFormatError
        If the path, or what was told, is no place in a Lean data folder.
    InstrumentError
        If it is of a kind that is not traded here.
    """
    parts = [each.lower() for each in path.resolve().parts]
    if told is not None:
        place = [each.lower() for each in told.strip("/").split("/")]
        parts = ["", *place, path.name.lower()]
    at = _place(path, parts, told)
    security, market, resolution = parts[at : at + 3]
    name, below = parts[-1], parts[at + 3 : -1]
    file = LeanFile(path, security, market, resolution, "", "", None, "UTC")
    clock = ZONES.get((security, market)) if zone is None else zone
    if clock is None and security in ("equity", "forex"):
        raise FileFormatError(path, f"the clock of {security}/{market}: --time-zone")
    if clock is not None and not is_zone(clock):
        raise FileFormatError(path, f"--time-zone must be an IANA name, was {clock!r}")
    file = replace(file, zone=clock or "UTC")
    match = _WITH_DAY.fullmatch(name)
    if match is None and resolution in ("hour", "daily"):
        match = _WHOLE.fullmatch(name)
        if match is not None:
            symbol = below[0] if below else match["symbol"]
            return replace(file, symbol=symbol, what=match["what"] or "")
    if match is None or match["what"] not in WHATS or not below:
        rule = "must be named as in minute/spy/20131007_trade.zip or daily/spy.zip"
        raise FileFormatError(path, rule)
    try:
        day = date.fromisoformat(match["day"])
    except ValueError:
        raise FileFormatError(path, f"{match['day']} is no day") from None
    return replace(file, symbol=below[0], what=match["what"], day=day)


def _place(path: Path, parts: list[str], told: str | None) -> int:
    """Return where the security type stands among the parts of a path."""
    for at in range(len(parts) - 4, -1, -1):
        if parts[at + 2] not in RESOLUTIONS:
            continue
        if parts[at] in _REFUSED:
            raise InstrumentError(f"{path}: instruments of {parts[at]} are refused")
        if parts[at] in KINDS:
            return at
    if told is not None:
        known = ", ".join(KINDS)
        rule = f"--as must be TYPE/MARKET/RESOLUTION/SYMBOL, TYPE one of {known}"
        raise FileFormatError(path, f"{rule}, was {told!r}")
    raise FileFormatError(
        path,
        "lies in no Lean data folder (equity/usa/minute/spy/…): "
        "--as TYPE/MARKET/RESOLUTION/SYMBOL",
    )


def is_lean_path(path: Path) -> bool:
    """Tell whether a path lies in a Lean data folder."""
    try:
        lean_file(path, zone="UTC")
    except (FileFormatError, InstrumentError):
        return False
    return True


def contract(file: LeanFile, member: str) -> str:
    """Return the name of the instrument of a member: ESZ13, SPY, EURUSD.

    Raises
    ------
    FileFormatError
        If a member of a futures' zip tells no month.
    """
    name = file.symbol.upper()
    if file.security != "future":
        return name
    match = _EXPIRY.search(member)
    month = int(match["expiry"][4:]) if match else 0
    if match is None or not 1 <= month <= 12:
        rule = f"{member} must end with the contract's month as in _201312.csv"
        raise FileFormatError(file.path, rule)
    return f"{name}{_MONTHS[month - 1]}{match['expiry'][2:4]}"


class Zip:
    """The members of one zip, read in blocks of whole lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: FileFormatError | None = None
        """What ended the reading of a member early."""
        try:
            self._archive = zipfile.ZipFile(path)
        except OSError as error:
            raise FileFormatError(path, f"cannot be read: {error.strerror}") from error
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise FileFormatError(path, f"is no zip: {error}") from error
        infos = [each for each in self._archive.infolist() if not each.is_dir()]
        self.members = [each.filename for each in infos]
        self._total = max(1, sum(each.file_size for each in infos))
        self._read = 0

    def line_blocks(self, member: str) -> Iterator[tuple[float, bytes]]:
        """Yield the share of the zip that was read, and whole lines of a member."""
        rest = b""
        self.damage = None
        try:
            with self._archive.open(member) as file:
                while block := file.read(_BLOCK_BYTES):
                    self._read += len(block)
                    end = block.rfind(b"\n") + 1
                    if end:
                        yield self._read / self._total, rest + block[:end]
                    rest = block[end:] if end else rest + block
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,  # an encrypted member
        ) as error:
            self.damage = FileFormatError(self.path, f"{member} is damaged: {error}")
            return
        if rest:
            yield self._read / self._total, rest

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
