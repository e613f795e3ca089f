"""The built-in exchange: the matching engine and the agents that trade in it."""
