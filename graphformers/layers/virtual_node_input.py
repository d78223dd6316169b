"""Features with which virtual nodes and their edges start."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.layers.virtual_node_graph import VirtualNodeGraph, VirtualNodeStates


@final
class VirtualNodeInput(nn.Module):
    """One learned vector for all virtual nodes, one for the edges to them and one for those back.

    They start at zero.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.node = nn.Parameter(torch.zeros(dim))
        self.gather = nn.Parameter(torch.zeros(dim))
        self.scatter = nn.Parameter(torch.zeros(dim))

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"] | None,
        graph: VirtualNodeGraph,
    ) -> VirtualNodeStates:
        """Features of nodes and edges, with those of virtual nodes beside them."""
        return VirtualNodeStates(
            nodes=torch.cat([x, self.node.expand(graph.num_graphs, -1)]),
            local=edge,
            gather=self.gather.expand(graph.num_nodes, -1),
            scatter=self.scatter.expand(graph.num_nodes, -1),
        )
