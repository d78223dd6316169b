"""The same graphs with their nodes in another order."""

from dataclasses import replace

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.graph_batch import GraphBatch


def random_orders(ptr: Int[Tensor, " graphs_plus_1"], generator: torch.Generator) -> Tensor:
    """For every new row the old one: a random order of the nodes inside each graph."""
    sizes = ptr.diff().tolist()
    orders = [torch.randperm(size, generator=generator) for size in sizes]
    return torch.cat(orders) + ptr[:-1].repeat_interleave(ptr.diff())


def relabelled(graphs: GraphBatch, generator: torch.Generator) -> GraphBatch:
    """A copy with the nodes of every graph, and its edges, in random order.

    Encodings, which a relabelling only reorders, move with their nodes and pairs.
    """
    old_of_new = random_orders(graphs.ptr, generator)
    new_of_old = torch.empty_like(old_of_new)
    new_of_old[old_of_new] = torch.arange(graphs.num_nodes)
    edge_order = random_orders(graphs.edge_ptr, generator)
    pairs = _pair_order(graphs, old_of_new) if graphs.pair_encodings else old_of_new
    return replace(
        graphs,
        x=graphs.x[old_of_new],
        edge_index=new_of_old[graphs.edge_index[:, edge_order]],
        edge_attr=None if graphs.edge_attr is None else graphs.edge_attr[edge_order],
        encodings={name: values[old_of_new] for name, values in graphs.encodings.items()},
        pair_encodings={name: values[pairs] for name, values in graphs.pair_encodings.items()},
    )


def _pair_order(graphs: GraphBatch, old_of_new: Tensor) -> Int[Tensor, " pairs"]:
    """For every new pair (target by target, then by source) the row of the same pair before."""
    local = old_of_new - graphs.ptr[:-1].repeat_interleave(graphs.ptr.diff())
    orders = []
    for graph, order in enumerate(local.split(graphs.ptr.diff().tolist())):
        rows = order.unsqueeze(1) * order.shape[0] + order.unsqueeze(0)
        orders.append(rows.reshape(-1) + graphs.pair_ptr[graph])
    return torch.cat(orders)
