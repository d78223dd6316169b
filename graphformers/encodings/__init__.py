"""Positional and structural encodings: features that follow from the edges alone."""

from graphformers.encodings.cache import cached_encode
from graphformers.encodings.eigenpairs import smallest_eigenpairs
from graphformers.encodings.encode_graphs import encode
from graphformers.encodings.encoded_source import EncodedSource
from graphformers.encodings.encoding import Encoding, PairEncoding
from graphformers.encodings.laplacian import LaplacianEigenvectors
from graphformers.encodings.lookup import node_encoding, pair_encoding
from graphformers.encodings.random_walk import RandomWalk
from graphformers.encodings.relative_random_walk import RelativeRandomWalk

__all__ = [
    "EncodedSource",
    "Encoding",
    "LaplacianEigenvectors",
    "PairEncoding",
    "RandomWalk",
    "RelativeRandomWalk",
    "cached_encode",
    "encode",
    "node_encoding",
    "pair_encoding",
    "smallest_eigenpairs",
]
