"""Graphs with a virtual node each: relations between nodes."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern


@final
class VirtualNodeGraph:
    """A virtual node for every graph, joined both ways to all nodes of its graph.

    Virtual nodes are numbered after all nodes, in the order of the graphs. The relations are

    0. from every node to its virtual node, edges in the order of the nodes;
    1. from every virtual node to its nodes, likewise;
    2. the graphs' own edges, where given.

    ``pattern`` holds them as ``RelationalGatedGCN`` reads them. Made once per batch, without
    sorting.
    """

    pattern: SparsePattern

    def __init__(
        self,
        ptr: Int[Tensor, " graphs_plus_1"],
        num_nodes: int,
        edges: SparsePattern | None = None,
    ):
        if edges is not None and (edges.num_targets, edges.num_sources) != (num_nodes, num_nodes):
            raise ShapeError(
                f"edges must join {num_nodes} nodes; got a pattern from {edges.num_sources} "
                f"to {edges.num_targets}"
            )
        self.num_nodes, self.num_graphs = num_nodes, ptr.shape[0] - 1
        self.relations = 2 if edges is None else 3
        node = torch.arange(num_nodes, device=ptr.device)
        first = node if edges is None else node + edges.row_ptr[:-1]  # slot of every node
        source, edge = self._into_nodes(ptr, node, first, edges)
        rows = (num_nodes + self.num_graphs) * self.relations
        self.pattern = SparsePattern(
            num_targets=rows,
            num_sources=rows,
            row_ptr=self._row_ptr(ptr, first, source.shape[0]),
            source=torch.cat([source, node * self.relations]),
            edge=torch.cat([edge, node]),
        )

    def _row_ptr(self, ptr: Tensor, first: Tensor, into_nodes: int) -> Tensor:
        """A node receives from its virtual node, then its edges; a virtual node from its nodes."""
        of_nodes = torch.stack([first, first, first + 1][: self.relations], dim=1)
        own = into_nodes + ptr
        of_graphs = torch.stack([own[:-1], own[1:], own[1:]][: self.relations], dim=1)
        return torch.cat([of_nodes.flatten(), of_graphs.flatten(), own[-1:]])

    def _into_nodes(
        self, ptr: Tensor, node: Tensor, first: Tensor, edges: SparsePattern | None
    ) -> tuple[Tensor, Tensor]:
        """Source row and edge number of every slot of a node."""
        graphs = torch.arange(self.num_graphs, device=ptr.device)
        graph = graphs.repeat_interleave(ptr.diff(), output_size=self.num_nodes)
        source = (self.num_nodes + graph) * self.relations + 1
        edge = self.num_nodes + node
        if edges is None:
            return source, edge
        slots = torch.arange(edges.num_edges, device=ptr.device) + edges.target + 1
        place = torch.cat([first, slots])
        source = torch.cat([source, edges.source * self.relations + 2])
        edge = torch.cat([edge, 2 * self.num_nodes + edges.edge])
        return (
            torch.empty_like(source).index_copy(0, place, source),
            torch.empty_like(edge).index_copy(0, place, edge),
        )


@final
class VirtualNodeInput(nn.Module):
    """Features with which virtual nodes and their edges start: learned, at first zero.

    One vector for all virtual nodes, one for the edges to them and one for those back.
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
    ) -> tuple[Float[Tensor, "nodes_and_graphs dim"], tuple[Float[Tensor, "_edges dim"], ...]]:
        """Features of the nodes, virtual ones behind them, and of the edges of every relation."""
        nodes = torch.cat([x, self.node.expand(graph.num_graphs, -1)])
        count = graph.num_nodes
        edges = (self.gather.expand(count, -1), self.scatter.expand(count, -1))
        return nodes, edges if edge is None else (*edges, edge)
