"""Which targets see which sources: the sparsity pattern every operation here runs over."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.grouping.op import group
from graphformers.kernels.patterns.hops import k_hop_rows
from graphformers.kernels.patterns.rows import Rows, group_by_target, without_duplicates
from graphformers.kernels.patterns.within_graphs import complete_rows, random_rows, window_rows


@dataclass(frozen=True, eq=False, kw_only=True)
class SparsePattern:
    """Edges grouped by their target: compressed rows.

    Slots ``row_ptr[i]`` to ``row_ptr[i + 1]`` are the edges into target ``i``; inside a row the
    sources ascend, and edges with equal ends keep the caller's order. ``edge`` maps a slot back to
    the caller's edge number, so edge-wise tensors never need sorting. Where edges are made here
    and not given, they are numbered by target, then by source.

    The class and static methods make one, in time linear in the edges, and check their input; the
    constructor trusts it.
    """

    num_targets: int
    num_sources: int
    row_ptr: Int[Tensor, " targets_plus_1"]
    source: Int[Tensor, " edges"]
    edge: Int[Tensor, " edges"]
    _transposed: "SparsePattern | None" = field(default=None, init=False, repr=False)
    _all_pairs: bool = field(default=False, repr=False)  # of every graph: its own transpose
    # first node of every graph of complete ones, and the number of nodes
    blocks: Int[Tensor, " blocks_plus_1"] | None = field(default=None, repr=False)
    _largest_block: int | None = field(default=None, init=False, repr=False)

    @staticmethod
    def from_edge_index(
        edge_index: Int[Tensor, "2 edges"], *, num_targets: int, num_sources: int
    ) -> "SparsePattern":
        """Group edges by target; row 0 of ``edge_index`` is the source, row 1 the target."""
        if edge_index.ndim != 2 or edge_index.shape[0] != 2:
            raise ShapeError(f"edge_index must be (2, edges); got {tuple(edge_index.shape)}")
        source, target = edge_index.to(torch.int64)
        rows = group_by_target(source, target, num_targets, num_sources)
        return _from_rows(rows, num_targets, num_sources)

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
    def from_mask(mask: Bool[Tensor, "targets sources"]) -> "SparsePattern":
        """Where ``mask[target, source]`` holds, as in an attention mask."""
        return SparsePattern.from_masks([mask])

    @staticmethod
    def from_masks(masks: Sequence[Bool[Tensor, "_targets _sources"]]) -> "SparsePattern":
        """One mask per graph; the nodes of the graphs are numbered one graph after the other."""
        for mask in masks:
            if mask.ndim != 2 or mask.dtype != torch.bool:
                came = f"{mask.dtype} {tuple(mask.shape)}"
                raise ShapeError(f"a mask must be (targets, sources) of bool; got {came}")
        device = masks[0].device if masks else torch.device("cpu")
        shift, sources = 0, [torch.zeros(0, dtype=torch.int64, device=device)]
        for mask in masks:
            sources.append(mask.nonzero()[:, 1] + shift)
            shift += mask.shape[1]
        counts = [torch.zeros(1, dtype=torch.int64, device=device), *(m.sum(1) for m in masks)]
        source = torch.cat(sources)
        edge = torch.arange(source.shape[0], device=device)
        row_ptr = torch.cat(counts).cumsum(0)
        return _from_rows(Rows(row_ptr, source, edge), row_ptr.shape[0] - 1, shift)

    @staticmethod
    def complete(
        ptr: Int[Tensor, " graphs_plus_1"],
        *,
        num_nodes: int | None = None,
        num_pairs: int | None = None,
    ) -> "SparsePattern":
        """All ordered pairs of nodes inside each graph, self pairs included.

        Both numbers follow from ``ptr``. Given, they are not read back from a device, and an
        exported program knows its sizes.
        """
        blocks = _graph_ptr(ptr)
        rows = complete_rows(blocks, num_nodes, num_pairs)
        nodes = rows.row_ptr.shape[0] - 1
        return SparsePattern(
            num_targets=nodes, num_sources=nodes, **rows._asdict(), _all_pairs=True, blocks=blocks
        )

    @staticmethod
    def window(
        ptr: Int[Tensor, " graphs_plus_1"], reach: int, *, dilation: int = 1
    ) -> "SparsePattern":
        """Every node sees ``reach`` nodes before and after it in its graph, and itself.

        With ``dilation`` it takes every ``dilation``-th node only and looks so much farther.
        """
        if reach < 0 or dilation < 1:
            raise ShapeError(f"need reach >= 0 and dilation >= 1; got {reach} and {dilation}")
        return _inside_graphs(window_rows(_graph_ptr(ptr), reach, dilation))

    @staticmethod
    def random(
        ptr: Int[Tensor, " graphs_plus_1"], per_node: int, *, seed: int = 0
    ) -> "SparsePattern":
        """Every node sees ``per_node`` others of its graph, drawn without repeats.

        Equal seeds give equal edges; a graph too small for so many gives all pairs of two nodes.
        """
        if per_node < 0:
            raise ShapeError(f"per_node must not be negative; got {per_node}")
        generator = torch.Generator(ptr.device).manual_seed(seed)
        return _inside_graphs(random_rows(_graph_ptr(ptr), per_node, generator))

    @staticmethod
    def union(patterns: Sequence["SparsePattern"]) -> "SparsePattern":
        """Every edge that one of the patterns has, once."""
        sizes = {(pattern.num_targets, pattern.num_sources) for pattern in patterns}
        if len(sizes) != 1:
            raise ShapeError(f"need patterns between the same numbers of nodes; got {sizes}")
        ((targets, sources),) = sizes
        source = torch.cat([pattern.source for pattern in patterns])
        target = torch.cat([pattern.target for pattern in patterns])
        rows = without_duplicates(group_by_target(source, target, targets, sources))
        return _from_rows(_numbered(rows), targets, sources)

    def with_random_edges(
        self, ptr: Int[Tensor, " graphs_plus_1"], per_node: int, *, seed: int = 0
    ) -> "SparsePattern":
        """These edges and ``per_node`` random ones into every node, as long as its graph allows."""
        return SparsePattern.union([self, SparsePattern.random(ptr, per_node, seed=seed)])

    def k_hop(self, hops: int, *, include_self: bool = True) -> "SparsePattern":
        """Every node sees the nodes that reach it in at most ``hops`` steps along the edges."""
        if hops < 0 or self.num_targets != self.num_sources:
            sides = f"{self.num_targets} targets, {self.num_sources} sources"
            raise ShapeError(f"need hops >= 0 from nodes to nodes; got {hops} hops, {sides}")
        return _inside_graphs(_numbered(k_hop_rows(self.row_ptr, self.source, hops, include_self)))

    @property
    def largest_block(self) -> int:
        """Nodes of the largest of complete graphs; 0 for other patterns and while compiling."""
        if self.blocks is None or torch.compiler.is_compiling():
            return 0
        if self._largest_block is None:
            largest = int(self.blocks.diff().max()) if self.blocks.shape[0] > 1 else 0
            object.__setattr__(self, "_largest_block", largest)
        return self._largest_block or 0

    @property
    def num_edges(self) -> int:
        """Number of edges, duplicates counted."""
        return self.source.shape[0]

    @property
    def target(self) -> Int[Tensor, " edges"]:
        """Target of every slot."""
        return Rows(self.row_ptr, self.source, self.edge).target

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
        if self._all_pairs:
            return self._transpose_pairs()
        row_ptr, order = group(self.source, self.num_sources)
        return SparsePattern(
            num_targets=self.num_sources,
            num_sources=self.num_targets,
            row_ptr=row_ptr,
            source=self.target.index_select(0, order),
            edge=self.edge.index_select(0, order),
        )

    def _transpose_pairs(self) -> "SparsePattern":
        """The same rows; the edge from j to i stands in row j where the one to j stood."""
        target = self.target
        first = self.source.index_select(0, self.row_ptr[:-1]).index_select(0, target)
        slot = self.row_ptr.index_select(0, self.source) + target - first
        return SparsePattern(
            num_targets=self.num_targets,
            num_sources=self.num_sources,
            row_ptr=self.row_ptr,
            source=self.source,
            edge=self.edge.index_select(0, slot),
            _all_pairs=True,
            blocks=self.blocks,
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
            _all_pairs=self._all_pairs,
            blocks=None if self.blocks is None else self.blocks.to(device),
        )


def _from_rows(rows: Rows, num_targets: int, num_sources: int) -> SparsePattern:
    row_ptr, source, edge = rows
    return SparsePattern(
        num_targets=num_targets, num_sources=num_sources, row_ptr=row_ptr, source=source, edge=edge
    )


def _inside_graphs(rows: Rows) -> SparsePattern:
    nodes = rows.row_ptr.shape[0] - 1
    return _from_rows(rows, nodes, nodes)


def _numbered(rows: Rows) -> Rows:
    """Number the edges by their slots."""
    return rows._replace(edge=torch.arange(rows.source.shape[0], device=rows.source.device))


def _graph_ptr(ptr: Tensor) -> Tensor:
    _check_ptr("ptr", ptr)
    return ptr.to(torch.int64)


def _check_ptr(name: str, ptr: Tensor, items: int | None = None) -> None:
    """Starts at zero, never falls, and ends at the number of items where that is known."""
    if ptr.ndim != 1 or ptr.shape[0] == 0:
        raise ShapeError(f"{name} must be one axis with an entry; got {tuple(ptr.shape)}")
    if torch.compiler.is_compiling():  # there are no numbers to look at
        return
    if int(ptr[0]) != 0 or bool((ptr.diff() < 0).any()):
        raise ShapeError(f"{name} must be one axis that starts at 0 and never falls")
    if items is not None and int(ptr[-1]) != items:
        raise ShapeError(f"{name} must end at {items}, the number of entries; got {int(ptr[-1])}")
