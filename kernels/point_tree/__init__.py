"""Balanced trees over point clouds, one per graph."""
