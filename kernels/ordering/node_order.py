"""A new numbering of the nodes, and the way back."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.grouping.op import group
from graphformers.kernels.ordering.curves import (
    bits_per_axis,
    grid_cells,
    hilbert_key,
    morton_key,
)
from graphformers.kernels.pattern import SparsePattern


@dataclass(frozen=True, eq=False, kw_only=True)
class NodeOrder:
    """Old numbers of the nodes in their new order, and new numbers in the old one.

    Sparse operations read the nodes an edge names; where these lie near each other in memory they
    run several times faster. Order once, compute, and put the result back::

        order = NodeOrder.along_hilbert_curve(points)
        y = order.undo(sparse_attention(*map(order.apply, (q, k, v)), order.apply_to_pattern(p)))

    Edges keep their numbers, so edge-wise tensors stay as they are. With ``ptr``, every graph of a
    batch keeps its place and is ordered inside.
    """

    old: Int[Tensor, " nodes"]
    new: Int[Tensor, " nodes"]

    @staticmethod
    def from_permutation(old: Int[Tensor, " nodes"]) -> "NodeOrder":
        """``old`` names every node once, in the order it shall have."""
        counts, position = group(old, old.shape[0])
        if not bool((counts.diff() == 1).all()):
            raise ShapeError("a permutation must name every node once; some come twice")
        return NodeOrder(old=old, new=position)

    @staticmethod
    def reverse_cuthill_mckee(
        pattern: SparsePattern, ptr: Int[Tensor, " graphs_plus_1"] | None = None
    ) -> "NodeOrder":
        """Number nodes from the rim inwards, neighbour after neighbour: small index differences.

        Edges count in both directions. For graphs without coordinates; runs on the CPU.

        Source: Cuthill and McKee 1969; George 1971; by ``scipy.sparse.csgraph``.
        """
        nodes = pattern.num_targets
        if nodes != pattern.num_sources:
            came = f"{nodes} targets and {pattern.num_sources} sources"
            raise ShapeError(f"only a pattern from nodes to nodes orders them; got {came}")
        source, target = pattern.source.cpu().numpy(), pattern.target.cpu().numpy()
        ones = torch.ones(pattern.num_edges, dtype=torch.bool).numpy()
        matrix = csr_array((ones, (target, source)), shape=(nodes, nodes))
        symmetric = csr_array(matrix + matrix.T)
        old = torch.from_numpy(reverse_cuthill_mckee(symmetric, symmetric_mode=True).copy())
        return _by_graph(old.to(pattern.source), ptr)

    @staticmethod
    def along_hilbert_curve(
        points: Float[Tensor, "nodes axes"], ptr: Int[Tensor, " graphs_plus_1"] | None = None
    ) -> "NodeOrder":
        """Follow a curve that fills the plane or space and never jumps."""
        return _along_curve(hilbert_key, points, ptr)

    @staticmethod
    def along_morton_curve(
        points: Float[Tensor, "nodes axes"], ptr: Int[Tensor, " graphs_plus_1"] | None = None
    ) -> "NodeOrder":
        """Follow the Z-shaped curve: quicker to work out than Hilbert's, but it jumps."""
        return _along_curve(morton_key, points, ptr)

    def apply(self, x: Float[Tensor, "nodes ..."]) -> Float[Tensor, "nodes ..."]:
        """Rows in the new order."""
        return x.index_select(0, self.old)

    def undo(self, x: Float[Tensor, "nodes ..."]) -> Float[Tensor, "nodes ..."]:
        """Rows in the old order again."""
        return x.index_select(0, self.new)

    def apply_to_edge_index(self, edge_index: Int[Tensor, "2 edges"]) -> Int[Tensor, "2 edges"]:
        """The same edges between the new numbers."""
        return self.new[edge_index]

    def apply_to_pattern(self, pattern: SparsePattern) -> SparsePattern:
        """The same edges between the new numbers; the caller's edge numbers stay."""
        return SparsePattern.from_edge_index(
            self.apply_to_edge_index(pattern.edge_index),
            num_targets=pattern.num_targets,
            num_sources=pattern.num_sources,
        )


def _along_curve(
    key_of: Callable[[Tensor, int], Tensor], points: Tensor, ptr: Tensor | None
) -> NodeOrder:
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise ShapeError(f"points must be (nodes, 2) or (nodes, 3); got {tuple(points.shape)}")
    if not bool(points.isfinite().all()):
        raise ShapeError("points must be finite; got infinity or NaN")
    if points.shape[0] == 0:
        return NodeOrder.from_permutation(torch.zeros(0, dtype=torch.int64, device=points.device))
    bits = bits_per_axis(points.shape[1])
    return _by_graph(key_of(grid_cells(points, bits), bits).argsort(stable=True), ptr)


def _by_graph(old: Tensor, ptr: Tensor | None) -> NodeOrder:
    """Bring the graphs of a batch back to their places, each in the order its nodes have."""
    if ptr is not None:
        graphs = torch.arange(ptr.shape[0] - 1, device=ptr.device)
        graph = graphs.repeat_interleave(ptr.diff())
        if graph.shape != old.shape:
            raise ShapeError(f"ptr must end at {old.shape[0]}, the nodes; got {graph.shape[0]}")
        _, by_graph = group(graph.index_select(0, old), ptr.shape[0] - 1)
        old = old.index_select(0, by_graph)
    return NodeOrder.from_permutation(old)
