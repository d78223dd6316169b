"""Which targets see which sources: the sparsity pattern every operation here runs over."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.grouping.op import group


@dataclass(frozen=True, eq=False, kw_only=True)
class SparsePattern:
    """Edges grouped by their target: compressed rows.

    Slots ``row_ptr[i]`` to ``row_ptr[i + 1]`` are the edges into target ``i``; inside a row the
    sources ascend, and edges with equal ends keep the caller's order. ``edge`` maps a slot back to
    the caller's edge number, so edge-wise tensors never need sorting.

    Make one with ``from_edge_index``, ``from_csr`` or ``complete``, which check their input; the
    constructor trusts it.
    """

    num_targets: int
    num_sources: int
    row_ptr: Int[Tensor, " targets_plus_1"]
    source: Int[Tensor, " edges"]
    edge: Int[Tensor, " edges"]
    _transposed: "SparsePattern | None" = field(default=None, init=False, repr=False)

    @staticmethod
    def from_edge_index(
        edge_index: Int[Tensor, "2 edges"], *, num_targets: int, num_sources: int
    ) -> "SparsePattern":
        """Group edges by target; row 0 of ``edge_index`` is the source, row 1 the target."""
        if edge_index.ndim != 2 or edge_index.shape[0] != 2:
            raise ShapeError(f"edge_index must be (2, edges); got {tuple(edge_index.shape)}")
        source, target = edge_index.to(torch.int64)
        _, by_source = group(source, num_sources)
        row_ptr, by_target = group(target.index_select(0, by_source), num_targets)
        edge = by_source.index_select(0, by_target)
        return SparsePattern(
            num_targets=num_targets,
            num_sources=num_sources,
            row_ptr=row_ptr,
            source=source.index_select(0, edge),
            edge=edge,
        )

    @staticmethod
    def from_csr(
        row_ptr: Int[Tensor, " targets_plus_1"], source: Int[Tensor, " edges"], *, num_sources: int
    ) -> "SparsePattern":
        """Compressed rows, sorted here; the caller's edge numbers are positions in ``source``."""
        _check_ptr("row_ptr", row_ptr, source.shape[0])
        num_targets = row_ptr.shape[0] - 1
        target = torch.arange(num_targets, device=row_ptr.device).repeat_interleave(row_ptr.diff())
        return SparsePattern.from_edge_index(
            torch.stack([source.to(torch.int64), target]),
            num_targets=num_targets,
            num_sources=num_sources,
        )

    @staticmethod
    def complete(ptr: Int[Tensor, " graphs_plus_1"]) -> "SparsePattern":
        """All ordered pairs of nodes inside each graph, self pairs included.

        Edges are numbered graph by graph, then by target, then by source.
        """
        _check_ptr("ptr", ptr)
        ptr = ptr.to(torch.int64)
        sizes = ptr.diff()
        first = ptr[:-1].repeat_interleave(sizes)
        width = sizes.repeat_interleave(sizes)
        row_ptr = torch.nn.functional.pad(width.cumsum(0), (1, 0))
        source = (first - row_ptr[:-1]).repeat_interleave(width)
        edge = torch.arange(source.shape[0], device=ptr.device)
        return SparsePattern(
            num_targets=width.shape[0],
            num_sources=width.shape[0],
            row_ptr=row_ptr,
            source=source + edge,
            edge=edge,
        )

    @property
    def num_edges(self) -> int:
        """Number of edges, duplicates counted."""
        return self.source.shape[0]

    @property
    def target(self) -> Int[Tensor, " edges"]:
        """Target of every slot."""
        rows = torch.arange(self.num_targets, device=self.row_ptr.device)
        return rows.repeat_interleave(self.row_ptr.diff(), output_size=self.num_edges)

    @property
    def transposed(self) -> "SparsePattern":
        """The same edges grouped by their source; ``edge`` still holds the caller's numbers.

        Made once and kept.
        """
        transposed = self._transposed
        if transposed is None:
            transposed = self._transpose()
            # not a cached_property: its lock stops torch.compile before Python 3.12
            object.__setattr__(self, "_transposed", transposed)
        return transposed

    def _transpose(self) -> "SparsePattern":
        row_ptr, order = group(self.source, self.num_sources)
        return SparsePattern(
            num_targets=self.num_sources,
            num_sources=self.num_targets,
            row_ptr=row_ptr,
            source=self.target.index_select(0, order),
            edge=self.edge.index_select(0, order),
        )

    @property
    def edge_index(self) -> Int[Tensor, "2 edges"]:
        """Source and target of every edge, in the caller's order."""
        slots = torch.stack([self.source, self.target])
        return torch.empty_like(slots).index_copy(1, self.edge, slots)

    def to(self, device: torch.device | str) -> "SparsePattern":
        """Copy to a device."""
        return SparsePattern(
            num_targets=self.num_targets,
            num_sources=self.num_sources,
            row_ptr=self.row_ptr.to(device),
            source=self.source.to(device),
            edge=self.edge.to(device),
        )


def _check_ptr(name: str, ptr: Tensor, items: int | None = None) -> None:
    """Starts at zero, never falls, and ends at the number of items where that is known."""
    rises = (
        ptr.ndim == 1 and ptr.shape[0] > 0 and int(ptr[0]) == 0 and bool((ptr.diff() >= 0).all())
    )
    if not rises:
        raise ShapeError(f"{name} must be one axis that starts at 0 and never falls")
    if items is not None and int(ptr[-1]) != items:
        raise ShapeError(f"{name} must end at {items}, the number of entries; got {int(ptr[-1])}")
