"""Positional and structural encodings: features that follow from the edges alone."""

from graphformers.encodings.cache import cached_encode
from graphformers.encodings.colour_refinement import ColourRefinement
from graphformers.encodings.degree import Degree
from graphformers.encodings.eigenpairs import smallest_eigenpairs
from graphformers.encodings.electrostatic import ElectrostaticStatistics
from graphformers.encodings.encode_graphs import encode
from graphformers.encodings.encoded_source import EncodedSource
from graphformers.encodings.encoding import Encoding, PairEncoding
from graphformers.encodings.graph_size import GraphSize
from graphformers.encodings.heat_kernel import HeatKernel
from graphformers.encodings.laplacian import LaplacianEigenvectors
from graphformers.encodings.lookup import node_encoding, pair_encoding
from graphformers.encodings.random_walk import RandomWalk
from graphformers.encodings.relative_random_walk import RelativeRandomWalk
from graphformers.encodings.shortest_paths import ShortestPathEdges, ShortestPaths

__all__ = [
    "ColourRefinement",
    "Degree",
    "ElectrostaticStatistics",
    "EncodedSource",
    "Encoding",
    "GraphSize",
    "HeatKernel",
    "LaplacianEigenvectors",
    "PairEncoding",
    "RandomWalk",
    "RelativeRandomWalk",
    "ShortestPathEdges",
    "ShortestPaths",
    "cached_encode",
    "encode",
    "node_encoding",
    "pair_encoding",
    "smallest_eigenpairs",
]
