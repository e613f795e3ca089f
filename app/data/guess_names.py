"""What an instrument's name says of its kind and currency."""

import re
from typing import Final

from app.instrument import InstrumentKind

_CONTRACT: Final = re.compile(r"[A-Z0-9]{1,3}[FGHJKMNQUVXZ]\d{1,2}")
_CURRENCIES: Final = frozenset(
    ("USD", "EUR", "JPY", "GBP", "CHF", "AUD", "CAD", "NZD", "SEK", "NOK", "CNH")
)
_COINS: Final = ("BTC", "XBT", "ETH", "SOL", "XRP", "LTC", "DOGE", "ADA", "BNB")

_QUOTED_IN: Final = re.compile(
    "(FDUSD|USDT|USDC|BUSD|TUSD|USDP|DAI|BTC|ETH|BNB|EUR|GBP|TRY|BRL|JPY|USD)(_|$)"
)


def quoted_in(symbol: str) -> str:
    """Return the currency that a pair of a crypto exchange ends with, BTCUSDT say."""
    quoted = _QUOTED_IN.search(symbol)
    return quoted[1] if quoted else symbol.partition("_")[0][-4:]


def kind_of(name: str) -> tuple[InstrumentKind, str]:
    """Guess an instrument's kind and currency by its name."""
    plain = re.sub(r"[^A-Z]", "", name.upper())
    if len(plain) == 6 and {plain[:3], plain[3:]} <= _CURRENCIES:
        return InstrumentKind.FX_SPOT, plain[3:]
    if plain.startswith(_COINS) and len(plain) >= 6:
        is_perpetual = plain.endswith(("PERP", "PERPETUAL", "SWAP"))
        currency = next(
            (c for c in ("USDT", "USDC", "EUR", "USD") if c in plain), "USD"
        )
        kind = InstrumentKind.PERPETUAL if is_perpetual else InstrumentKind.CRYPTO_SPOT
        return kind, currency
    if _CONTRACT.fullmatch(name.upper()):
        return InstrumentKind.FUTURE, "USD"
    return InstrumentKind.STOCK, "USD"
