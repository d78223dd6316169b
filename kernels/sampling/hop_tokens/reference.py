"""The multiset the tokens of a node are drawn from: the definition."""

import torch
from torch import Tensor

from graphformers.kernels.sampling.graph import CSRGraph


def two_hop_multiset(graph: CSRGraph, node: int) -> Tensor:
    """Row of A as it stands, then row of the pattern of A A by number; A A is formed."""
    adjacency = torch.zeros(graph.num_nodes, graph.num_nodes, dtype=torch.int64)
    rows = torch.arange(graph.num_nodes).repeat_interleave(graph.indptr.diff())
    adjacency.index_put_((rows, graph.indices), torch.ones_like(rows), accumulate=True)
    row = graph.indices[graph.indptr[node] : graph.indptr[node + 1]]
    return torch.cat([row, (adjacency @ adjacency)[node].nonzero().squeeze(1)])
