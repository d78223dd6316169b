"""Sets of graphs, and which of them have to be told apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import final

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch

Edges = tuple[int, Int[Tensor, "2 _"]]


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class GraphSet:
    """Graphs without features but a type per node, and the pairs to tell apart.

    ``graphs.x`` is (nodes, 1), the type, of which there are ``node_types``. ``labels`` is the class
    of every graph, where the set has classes, and ``categories`` names the part of the set every
    pair belongs to.
    """

    name: str
    graphs: GraphBatch
    pairs: Int[Tensor, "pairs 2"]
    node_types: int = 1
    labels: tuple[int, ...] = ()
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, given, expected in (
            ("labels", len(self.labels), len(self.graphs)),
            ("categories", len(self.categories), len(self.pairs)),
        ):
            if given not in (0, expected):
                raise DataError(f"{self.name} needs {expected} {name} or none; got {given}")

    def select_pairs(self, chosen: Sequence[int]) -> "GraphSet":
        """Only some of the pairs, and only the graphs they need."""
        outside = [one for one in chosen if not 0 <= one < len(self.pairs)]
        if outside:
            raise DataError(f"{self.name} has pairs 0 to {len(self.pairs) - 1}; got {outside[0]}")
        graphs, pairs = self.pairs[list(chosen)].unique(return_inverse=True)
        return GraphSet(
            name=self.name,
            graphs=self.graphs.select(graphs),
            pairs=pairs.reshape(-1, 2),
            node_types=self.node_types,
            labels=tuple(self.labels[one] for one in graphs.tolist()) if self.labels else (),
            categories=tuple(self.categories[one] for one in chosen) if self.categories else (),
        )


def batch_of(edges: Sequence[Edges], types: Sequence[Int[Tensor, " _"]] = ()) -> GraphBatch:
    """Graphs as one batch; without ``types`` every node has type 0."""
    sizes = torch.tensor([0, *(size for size, _ in edges)])
    ptr = sizes.cumsum(0)
    shifted = [one + start for (_, one), start in zip(edges, ptr.tolist(), strict=False)]
    x = torch.cat(list(types)) if types else torch.zeros(int(ptr[-1]), dtype=torch.int64)
    return GraphBatch(x=x.unsqueeze(1), edge_index=torch.cat(shifted, dim=1), ptr=ptr)


def all_pairs(count: int) -> Int[Tensor, "pairs 2"]:
    """Every pair of so many graphs."""
    return torch.tensor(list(combinations(range(count), 2)), dtype=torch.int64).reshape(-1, 2)


def single_graphs(graphs: GraphBatch) -> Iterator[tuple[Int[Tensor, " _"], Edges]]:
    """Node types, number of nodes and edges (numbered from 0) of every graph."""
    starts = graphs.ptr.tolist()
    edge_starts = graphs.edge_ptr.tolist()
    for graph in range(len(graphs)):
        first, last = starts[graph], starts[graph + 1]
        edges = graphs.edge_index[:, edge_starts[graph] : edge_starts[graph + 1]] - first
        yield graphs.x[first:last, 0], (last - first, edges)
