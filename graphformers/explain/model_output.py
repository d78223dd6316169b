"""The number of each graph that an explanation is about."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from graphformers.errors import ConfigError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_reduce
from graphformers.models.graph_model import GraphModel


def explained_output(
    model: GraphModel,
    batch: GraphBatch,
    task: int = 0,
    rows: Bool[Tensor, " rows"] | None = None,
) -> Float[Tensor, " graphs"]:
    """Column ``task`` of the prediction, one number per graph.

    Where nodes or pairs are predicted it is the sum over those of the graph. ``rows`` marks the
    rows of the prediction that count. Raises ``ConfigError`` for a column that is not there.
    """
    outputs = model(batch)
    if not 0 <= task < outputs.shape[1]:
        raise ConfigError(f"task must lie in 0 ... {outputs.shape[1] - 1}; got {task}")
    column = outputs[:, task]
    if rows is not None:
        if rows.shape != column.shape:
            raise ShapeError(f"rows must be {tuple(column.shape)}; got {tuple(rows.shape)}")
        column = column * rows
    ptr = predicted_rows(batch, column.shape[0])
    return segment_reduce(column.unsqueeze(1), ptr, "sum").squeeze(1)


def predicted_rows(batch: GraphBatch, rows: int) -> Int[Tensor, " graphs_plus_1"]:
    """First row of every graph in a prediction of graphs, nodes or pairs, and their number."""
    graphs = torch.arange(batch.num_graphs + 1, device=batch.ptr.device)
    for ptr in (graphs, batch.ptr, batch.pair_ptr):
        if int(ptr[-1]) == rows:
            return ptr
    raise ShapeError(
        f"a prediction has a row for each of {batch.num_graphs} graphs, {batch.num_nodes} nodes "
        f"or {int(batch.pair_ptr[-1])} pairs; got {rows}"
    )
