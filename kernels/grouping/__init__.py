"""Stable grouping of edges by an integer key."""
