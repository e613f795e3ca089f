"""Venues, where orders are filled: the simulated one, the way to an external one."""
