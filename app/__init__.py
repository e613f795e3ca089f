"""Ringside: a desktop trading workstation with a compiled engine.

The rooms, from the bottom up: `errors`, `clock`, `config` and `instrument` (words
that every room speaks), `engine` (numbers only), `data`, `feeds`, `sessions` (feed +
engine + venue + log), `ui` (the window) and `__main__` (the `ringside` command).
Imports point down only. ARCHITECTURE.md walks an order's way through them.
"""

__version__ = "0.1.0"
