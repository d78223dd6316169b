"""How large a graph may be for an encoding of all its pairs of nodes."""

import torch

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch

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
