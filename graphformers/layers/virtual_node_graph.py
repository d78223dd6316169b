"""Graphs with a virtual node each: three relations between nodes."""

from typing import NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern


class VirtualNodeStates(NamedTuple):
    """What flows through layers with virtual nodes: features of nodes and of three relations."""

    nodes: Float[Tensor, "nodes_and_graphs dim"]  # all nodes, then a virtual node per graph
    local: Float[Tensor, "edges dim"] | None  # None where the graphs' own edges are left out
    gather: Float[Tensor, "nodes dim"]  # edges from every node to its virtual node
    scatter: Float[Tensor, "nodes dim"]  # edges back, in the order of the nodes


@final
class VirtualNodeGraph:
    """A virtual node for every graph, joined both ways to all nodes of its graph.

    Virtual nodes are numbered after all nodes, in the order of the graphs. ``local`` are the
    graphs' own edges, ``gather`` the edges from every node to its virtual node, ``scatter`` those
    back, both in the order of the nodes. Made once per batch, without sorting.
    """

    local: SparsePattern | None
    gather: SparsePattern
    scatter: SparsePattern

    def __init__(
        self,
        ptr: Int[Tensor, " graphs_plus_1"],
        num_nodes: int,
        edges: SparsePattern | None = None,
    ):
        self.num_nodes, self.num_graphs = num_nodes, ptr.shape[0] - 1
        node = torch.arange(num_nodes, device=ptr.device)
        graphs = torch.arange(self.num_graphs, device=ptr.device)
        graph = graphs.repeat_interleave(ptr.diff(), output_size=num_nodes)
        slots = torch.arange(num_nodes + 1, device=ptr.device)
        self.local = None
        if edges is not None:
            if (edges.num_targets, edges.num_sources) != (num_nodes, num_nodes):
                raise ShapeError(
                    f"edges must join {num_nodes} nodes; got a pattern from {edges.num_sources} "
                    f"to {edges.num_targets}"
                )
            self.local = self._relation(self._closed(edges.row_ptr), edges.source, edges.edge)
        self.gather = self._relation(torch.cat([torch.zeros_like(node), ptr]), node, node)
        self.scatter = self._relation(self._closed(slots), num_nodes + graph, node)

    def _closed(self, row_ptr: Tensor) -> Tensor:
        """Rows of the nodes, then those of virtual nodes, which receive nothing."""
        return torch.cat([row_ptr, row_ptr[-1:].expand(self.num_graphs)])

    def _relation(self, row_ptr: Tensor, source: Tensor, edge: Tensor) -> SparsePattern:
        everyone = self.num_nodes + self.num_graphs
        return SparsePattern(
            num_targets=everyone, num_sources=everyone, row_ptr=row_ptr, source=source, edge=edge
        )
