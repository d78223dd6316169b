"""Loading parts of graphs that are too large to train on whole."""

from graphformers.data.neighbor_loader import NeighborLoader

__all__ = ["NeighborLoader"]
