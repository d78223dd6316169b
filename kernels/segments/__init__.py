"""Segment reductions and their adjoint."""
