"""What the market did: trades, bars, flow and depth over time, folded from the log."""
