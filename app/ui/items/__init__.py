"""How one thing is painted: colours, geometry, cached text."""
