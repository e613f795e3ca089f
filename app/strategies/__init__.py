"""Strategies: the base class, what runs them, and those that ship."""

from app.engine.indicators.market import fitted_microprice, imbalance, microprice
from app.engine.records import TimeInForce
from app.strategies.indicators import (
    ATR,
    EMA,
    MACD,
    RSI,
    SMA,
    VWAP,
    Bollinger,
    Donchian,
    Highest,
    Lowest,
    ZScore,
)
from app.strategies.strategy import Range, Strategy

# Plain numbers: how long an order may live [FIX 59].
DAY = int(TimeInForce.DAY)
GTC = int(TimeInForce.GTC)
IOC = int(TimeInForce.IOC)
FOK = int(TimeInForce.FOK)
AT_THE_OPEN = int(TimeInForce.AT_THE_OPEN)
AT_THE_CLOSE = int(TimeInForce.AT_THE_CLOSE)

__all__ = [
    "ATR",
    "AT_THE_CLOSE",
    "AT_THE_OPEN",
    "DAY",
    "EMA",
    "FOK",
    "GTC",
    "IOC",
    "MACD",
    "RSI",
    "SMA",
    "VWAP",
    "Bollinger",
    "Donchian",
    "Highest",
    "Lowest",
    "Range",
    "Strategy",
    "ZScore",
    "fitted_microprice",
    "imbalance",
    "microprice",
]
