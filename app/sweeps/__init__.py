"""Sweeps: one request over many parameters, and what the best of them is worth."""
