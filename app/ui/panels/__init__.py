"""Panels: layout and connections over one or two models."""
