"""A set of graphs with names, targets and, where it has one, a split of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.systems import Level
from graphformers.tasks import Split

Targets: TypeAlias = np.ndarray
"""Numbers ``(rows, tasks)``, NaN where missing, or labels ``(rows,)``, empty where missing."""

NAMED_IN_ERRORS = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class GraphSet:
    """Graphs of one data set.

    ``targets`` has a row for every graph, or for every node of all graphs where ``level`` says so.
    Raises ``DataError`` for graphs without a node, and for targets of another number of rows.
    """

    graphs: GraphBatch
    names: Sequence[str]
    targets: Targets | None = None
    target_names: Sequence[str] = ("target",)
    level: Level = "graph"
    split: Split | None = None

    def __post_init__(self) -> None:
        if len(self.names) != len(self.graphs):
            raise DataError(f"{len(self.graphs)} graphs need as many names; got {len(self.names)}")
        empty = [self.names[int(one)] for one in (self.graphs.ptr.diff() == 0).nonzero()]
        if empty:
            shown = ", ".join(empty[:NAMED_IN_ERRORS])
            raise DataError(
                f"{len(empty)} of {len(self)} graphs have no node ({shown}); leave them out"
            )
        if self.targets is not None and len(self.targets) != self.num_rows:
            raise DataError(
                f"targets must have {self.num_rows} rows, one per {self.level}; "
                f"got {len(self.targets)}"
            )

    def __len__(self) -> int:
        return len(self.graphs)

    @property
    def num_rows(self) -> int:
        """Rows of targets and of predictions."""
        return len(self.graphs) if self.level == "graph" else self.graphs.num_nodes

    def rows_of(self, graphs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows that belong to the given graphs, graph by graph."""
        if self.level == "graph":
            return graphs
        ptr = self.graphs.ptr.numpy()
        parts = [np.arange(int(ptr[graph]), int(ptr[graph + 1])) for graph in graphs]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def select(self, graphs: NDArray[np.int64]) -> "GraphSet":
        """The given graphs, in the given order."""
        targets = None if self.targets is None else self.targets[self.rows_of(graphs)]
        return replace(
            self,
            graphs=self.graphs.select(torch.from_numpy(graphs)),
            names=[self.names[int(graph)] for graph in graphs],
            targets=targets,
            split=None,
        )
