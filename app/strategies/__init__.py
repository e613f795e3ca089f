"""Strategies: the base class, what runs them, and those that ship."""

from app.strategies.indicators import (
    ATR,
    EMA,
    MACD,
    RSI,
    SMA,
    VWAP,
    Bollinger,
    Highest,
    Lowest,
    ZScore,
)
from app.strategies.strategy import Range, Strategy

__all__ = [
    "ATR",
    "EMA",
    "MACD",
    "RSI",
    "SMA",
    "VWAP",
    "Bollinger",
    "Highest",
    "Lowest",
    "Range",
    "Strategy",
    "ZScore",
]
