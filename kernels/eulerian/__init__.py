"""Walks over every edge of a graph."""
