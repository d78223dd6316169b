"""From torch-geometric's graphs to one set."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.graphs.graph_set import GraphSet, Targets
from graphformers.systems import Level
from graphformers.tasks import Split


def from_data(
    items: Sequence[Data],
    *,
    names: Sequence[str] | None = None,
    split: Split | None = None,
    target_names: Sequence[str] | None = None,
) -> GraphSet:
    """A set of torch-geometric's graphs: ``x``, ``edge_index``, ``edge_attr``, ``pos`` and ``y``.

    Whole numbers are categories, others are numbers; nodes without features share one category.
    Whole numbers in ``y`` are labels. Where every graph has as many rows of ``y`` as nodes, the
    targets belong to the nodes. Raises ``DataError`` naming the graph that cannot be used.
    """
    if not items:
        raise DataError("there are no graphs")
    names = names or [f"graph {number}" for number in range(len(items))]
    sizes = [int(item.num_nodes or 0) for item in items]
    targets, level = _targets([_target(item) for item in items], sizes, names)
    columns = targets.shape[1] if targets is not None and targets.ndim == 2 else 1
    default = ["target"] if columns == 1 else [f"target {one + 1}" for one in range(columns)]
    return GraphSet(
        graphs=_batch(items, sizes, names),
        names=names,
        targets=targets,
        target_names=target_names or default,
        level=level,
        split=split,
    )


def _batch(items: Sequence[Data], sizes: Sequence[int], names: Sequence[str]) -> GraphBatch:
    ptr = torch.tensor([0, *np.cumsum(sizes).tolist()])
    edges = [_edge_index(*one) for one in zip(items, sizes, names, strict=True)]
    shifted = [one + start for one, start in zip(edges, ptr[:-1], strict=True)]
    x = _stacked([item.x for item in items], sizes, names, "x")
    counts = [one.shape[1] for one in edges]
    positions = _stacked([item.pos for item in items], sizes, names, "pos")
    return GraphBatch(
        x=x if x is not None else torch.zeros(sum(sizes), 1, dtype=torch.int64),
        edge_index=torch.cat(shifted, dim=1),
        ptr=ptr,
        edge_attr=_stacked([item.edge_attr for item in items], counts, names, "edge_attr"),
        positions=None if positions is None else positions.float(),
    )


def _target(item: Data) -> Tensor | None:
    return None if item.y is None else torch.as_tensor(item.y)


def _edge_index(item: Data, num_nodes: int, name: str) -> Tensor:
    if item.edge_index is None:
        return torch.zeros(2, 0, dtype=torch.int64)
    edges = item.edge_index.long()
    if edges.ndim != 2 or edges.shape[0] != 2:
        raise DataError(f"{name}: edge_index must be (2, edges); got {tuple(edges.shape)}")
    if edges.numel() and (int(edges.min()) < 0 or int(edges.max()) >= num_nodes):
        raise DataError(
            f"{name}: edges must join nodes 0 to {num_nodes - 1}; "
            f"got {int(edges.min())} to {int(edges.max())}"
        )
    return edges


def _stacked(
    values: Sequence[Tensor | None], rows: Sequence[int], names: Sequence[str], what: str
) -> Tensor | None:
    """All graphs' features one below the other: int64 where all are whole, else float32."""
    there = [one.reshape(len(one), -1) for one in values if one is not None and len(one)]
    if not there:
        return None
    columns = there[0].shape[1]
    for value, count, name in zip(values, rows, names, strict=True):
        found = _shape(value, columns)
        if found != (count, columns):
            raise DataError(f"{name}: {what} must be {(count, columns)}; got {found}")
    whole = not any(one.is_floating_point() for one in there)
    stacked = torch.cat([one.to(torch.int64 if whole else torch.float32) for one in there])
    if not whole and not torch.isfinite(stacked).all():
        row = int((~torch.isfinite(stacked).all(dim=1)).nonzero()[0])
        graph = int(np.searchsorted(np.cumsum(rows), row, side="right"))
        raise DataError(f"{names[graph]}: {what} must be finite numbers; got NaN or infinity")
    return stacked


def _shape(value: Tensor | None, columns: int) -> tuple[int, int]:
    """Rows and columns; no rows may come without columns."""
    if value is None or len(value) == 0:
        return 0, columns
    return len(value), value.numel() // len(value)


def _targets(
    values: Sequence[Tensor | None], sizes: Sequence[int], names: Sequence[str]
) -> tuple[Targets | None, Level]:
    """Targets of all graphs, and what they belong to."""
    if all(one is None for one in values):
        return None, "graph"
    missing = next((name for one, name in zip(values, names, strict=True) if one is None), None)
    if missing is not None:
        raise DataError(f"{missing}: y is missing; other graphs have it (NaN where unknown)")
    given = [one for one in values if one is not None]
    pairs = list(zip(given, sizes, strict=True))
    per_node = max(sizes) > 1 and all(one.ndim > 0 and len(one) == size for one, size in pairs)
    rows = [one.reshape(size if per_node else 1, -1) for one, size in pairs]
    widths = {one.shape[1] for one in rows}
    if len(widths) > 1:
        raise DataError(f"y must have as many columns in every graph; got {sorted(widths)}")
    level: Level = "node" if per_node else "graph"
    stacked = torch.cat(rows)
    if stacked.shape[1] == 1 and not stacked.is_floating_point():
        return stacked[:, 0].long().numpy().astype(str), level
    return stacked.double().numpy(), level
