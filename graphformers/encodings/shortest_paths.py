"""Shortest paths between nodes: an encoding of pairs of nodes."""

from dataclasses import dataclass
from typing import Literal, final, get_args

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.encodings.all_pairs import check_all_pairs, check_inside_graphs
from graphformers.encodings.breadth_first import PathTable, path_tables
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern

PathDirection = Literal["given", "undirected"]


@final
@dataclass(frozen=True, kw_only=True)
class ShortestPaths:
    r"""Number of edges on the shortest path from the source of a pair to its target.

    .. math:: h_{j \to i} = \min(d(j, i), D), \qquad D + 1 \text{ where no path leads from } j
              \text{ to } i

    ``max_distance`` is :math:`D`; a node is 0 from itself. ``direction`` ``"undirected"`` follows
    edges either way. Graphormer's table of :math:`S` distances and one for unreachable pairs reads
    ``max_distance=S - 1``.

    Source: Ying et al. 2021, arXiv:2106.05234, section 3.1.2.
    """

    max_distance: int
    direction: PathDirection = "given"

    def __post_init__(self) -> None:
        _check(self.max_distance, self.direction)

    @property
    def name(self) -> str:
        """``"shortest_paths"``."""
        return "shortest_paths"

    @property
    def unreachable(self) -> int:
        """What marks pairs without a path: ``max_distance + 1``."""
        return self.max_distance + 1

    def compute(
        self, graphs: GraphBatch, pattern: SparsePattern | None = None
    ) -> Int[Tensor, " pairs"]:
        """Int64, in the edge order of ``graphs.pairs``, or of another pattern inside the graphs.

        Raises ``DataError`` when a graph is too large for all its pairs.
        """
        pairs = _pairs(graphs, pattern, self.name)
        found = torch.empty_like(pairs.source)
        edge_index, _ = _edges(graphs, self.direction)
        for table in path_tables(graphs, edge_index, pairs):
            hops = table.hops[table.row]
            marked = hops.clamp(max=self.max_distance).masked_fill(hops < 0, self.unreachable)
            found[pairs.edge[table.slots]] = marked
        return found


@final
@dataclass(frozen=True, kw_only=True)
class ShortestPathEdges:
    r"""The edges on a shortest path from the source of a pair to its target, in their order.

    .. math:: (e_1, \dots, e_D)_{j \to i}, \qquad e_p = -1 \text{ from the end of the path on}

    ``max_distance`` is :math:`D`; longer paths are cut off. Edges are numbered inside their graph:
    edge ``e`` of graph ``g`` has the features ``edge_attr[graphs.edge_ptr[g] + e]``. Of several
    shortest paths every node follows the one whose next edge has the lowest number, so the
    encoding depends on the order of the edges.

    Source: Ying et al. 2021, arXiv:2106.05234, section 3.1.3, eq. 7. Their unused positions hold
    edge type 0; ours are marked.
    """

    max_distance: int
    direction: PathDirection = "given"

    def __post_init__(self) -> None:
        _check(self.max_distance, self.direction)

    @property
    def name(self) -> str:
        """``"shortest_path_edges"``."""
        return "shortest_path_edges"

    @property
    def channels(self) -> int:
        """``max_distance``."""
        return self.max_distance

    def compute(
        self, graphs: GraphBatch, pattern: SparsePattern | None = None
    ) -> Int[Tensor, "pairs channels"]:
        """Int64, in the edge order of ``graphs.pairs``, or of another pattern inside the graphs.

        Raises ``DataError`` when a graph is too large for all its pairs.
        """
        pairs = _pairs(graphs, pattern, self.name)
        found = pairs.source.new_full((pairs.num_edges, self.max_distance), -1)
        edge_index, per_edge = _edges(graphs, self.direction)
        number = torch.arange(graphs.num_edges).to(pairs.source)
        inside = (number - graphs.edge_ptr[graphs.edge_graph]).repeat_interleave(per_edge)
        for table in path_tables(graphs, edge_index, pairs):
            _follow_(found, pairs.edge[table.slots], table, edge_index[1], inside)
        return found


def _follow_(
    found: Int[Tensor, "pairs longest"],
    pair: Int[Tensor, " slots"],
    table: PathTable,
    target: Int[Tensor, " edges"],
    number: Int[Tensor, " edges"],
) -> None:
    """Write the numbers of the edges of the paths that the slots ask for."""
    row, shift = table.row, table.shift
    for place in range(found.shape[1]):
        going_on = (table.hops[row] > 0).nonzero().squeeze(1)
        if going_on.shape[0] < row.shape[0]:
            row, shift, pair = row[going_on], shift[going_on], pair[going_on]
        edge = table.first_edge[row]
        found[pair, place] = number[edge]
        row = shift + target[edge]


def _edges(graphs: GraphBatch, direction: PathDirection) -> tuple[Int[Tensor, "2 edges"], int]:
    """Edges to follow, and how many of them stand for one edge of the graphs."""
    if direction == "given":
        return graphs.edge_index, 1
    return torch.stack([graphs.edge_index, graphs.edge_index.flip(0)], dim=2).flatten(1), 2


def _pairs(graphs: GraphBatch, pattern: SparsePattern | None, name: str) -> SparsePattern:
    if pattern is None:
        check_all_pairs(graphs, name)
        return graphs.pairs
    check_inside_graphs(graphs, pattern)
    return pattern


def _check(max_distance: int, direction: str) -> None:
    if max_distance < 1:
        raise ConfigError(f"max_distance must be at least 1; got {max_distance}")
    if direction not in get_args(PathDirection):
        raise ConfigError(f"direction must be given or undirected; got {direction!r}")
