"""Live sources of events: a recording at its own pace, the built-in exchange."""
