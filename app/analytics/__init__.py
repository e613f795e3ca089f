"""Numbers about markets: arrays in, frozen results out."""
