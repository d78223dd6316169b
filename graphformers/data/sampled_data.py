"""Samples as ``Data`` and ``HeteroData``, with the attributes torch-geometric gives them."""

import torch
from torch import Tensor
from torch_geometric.data import Data, HeteroData
from torch_geometric.loader.utils import filter_data, filter_hetero_data

from graphformers.data.typed_graphs import EDGE, NODE, data_store
from graphformers.kernels import HeterogeneousSample
from graphformers.kernels.sampling.neighbors.sample import EdgeType


def sampled_data(data: Data | HeteroData, sample: HeterogeneousSample) -> Data | HeteroData:
    """The rows of every attribute that belong to sampled nodes and edges.

    Adds ``n_id``, ``e_id``, ``num_sampled_nodes`` and ``num_sampled_edges``, and ``batch`` where
    every seed has a subgraph of its own. ``sample.edges`` are the numbers attributes go by.
    """
    if isinstance(data, HeteroData):
        source = {kind: ends[0] for kind, ends in sample.edge_index.items()}
        target = {kind: ends[1] for kind, ends in sample.edge_index.items()}
        edges: dict[EdgeType, Tensor | None] = {**sample.edges}
        out = filter_hetero_data(data, dict(sample.nodes), source, target, edges)
    else:
        source, target = sample.edge_index[EDGE]
        out = filter_data(data, sample.nodes[NODE], source, target, sample.edges[EDGE])
    for kind, nodes in sample.nodes.items():
        store = data_store(out, kind)
        store.n_id, store.num_sampled_nodes = nodes, sample.nodes_per_hop[kind]
        if sample.trees is not None:
            store.batch = sample.trees[kind]
    for kind, numbers in sample.edges.items():
        store = data_store(out, kind)
        store.edge_index, store.e_id = sample.edge_index[kind], numbers
        store.num_sampled_edges = sample.edges_per_hop.get(kind)
    return out


def with_reversed_edges(edge_index: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
    """Every edge in both directions, pairs of ends once; a reversed edge keeps its number."""
    both, numbers = torch.cat([edge_index, edge_index.flip(0)], dim=1), edges.repeat(2)
    _, pair = both.unique(dim=1, return_inverse=True)
    first = torch.full((int(pair.max()) + 1 if pair.numel() else 0,), both.shape[1])
    first.scatter_reduce_(0, pair, torch.arange(both.shape[1]), "amin")
    return both[:, first], numbers[first]
