"""Which pairs of nodes an encoding of pairs can be for."""

import torch

from graphformers.errors import DataError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern

MOST_NODES = 2048


def check_all_pairs(graphs: GraphBatch, name: str) -> None:
    """Raise ``DataError`` when a graph has more than ``MOST_NODES`` nodes, before memory runs out.

    Not where ``torch.compile`` traces: the sizes are data.
    """
    if torch.compiler.is_compiling() or len(graphs) == 0:
        return
    largest = int(graphs.ptr.diff().max())
    if largest > MOST_NODES:
        raise DataError(
            f"the encoding {name!r} is for all pairs of at most {MOST_NODES:,} nodes; a graph has "
            f"{largest:,} nodes, which makes {largest**2:,} pairs. Ask for the pairs that matter: "
            f"encoding.compute(graphs, pattern) with pattern = graphs.edges.k_hop(2), say"
        )


def check_inside_graphs(graphs: GraphBatch, pattern: SparsePattern) -> None:
    """Raise ``ShapeError`` when a pattern is over other nodes or joins different graphs.

    Not where ``torch.compile`` traces: the nodes are data.
    """
    if torch.compiler.is_compiling():
        return
    nodes = (pattern.num_targets, pattern.num_sources)
    if nodes != (graphs.num_nodes, graphs.num_nodes):
        raise ShapeError(
            f"the pattern must join the {graphs.num_nodes} nodes of the graphs; got {nodes[0]} "
            f"targets, {nodes[1]} sources"
        )
    if not torch.equal(graphs.batch[pattern.source], graphs.batch[pattern.target]):
        raise ShapeError("the pattern of a pair encoding must not join nodes of different graphs")
