"""Strategies: the base class, what runs them, and those that ship."""

from app.engine.indicators.market import imbalance, microprice
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

__all__ = [
    "ATR",
    "EMA",
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
    "imbalance",
    "microprice",
]
