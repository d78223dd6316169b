"""Positional and structural encodings: features that follow from the edges alone."""

from graphformers.encodings.encoding import Encoding, encode
from graphformers.encodings.laplacian import LaplacianEigenvectors, smallest_eigenpairs
from graphformers.encodings.random_walk import RandomWalk
from graphformers.encodings.relative_random_walk import RelativeRandomWalk

__all__ = [
    "Encoding",
    "LaplacianEigenvectors",
    "RandomWalk",
    "RelativeRandomWalk",
    "encode",
    "smallest_eigenpairs",
]
