"""The compiled engine: numbers and functions, no Qt, asyncio, pandas or sockets."""
