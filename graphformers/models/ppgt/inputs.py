"""What PPGT reads of nodes and pairs beside their features."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern, segment_reduce
from graphformers.layers.pair_features import of_nodes
from graphformers.models.ppgt.config import PPGTConfig


class Columns(NamedTuple):
    """Numbers that follow from the graph, before any map."""

    nodes: list[Float[Tensor, "nodes _"]]  # each goes through a map of its own
    pairs: Float[Tensor, "pairs columns"]


def input_columns(
    batch: GraphBatch,
    walks: Float[Tensor, "pairs channels"],
    pattern: SparsePattern,
    config: PPGTConfig,
) -> Columns:
    """Columns of nodes and pairs in the authors' order.

    A pattern made inside graphs numbers its pairs by target, then by source: rows of pairs need no
    sorting here.
    """
    degree = neighbours(walks, pattern)
    size = batch.ptr.diff()[batch.batch].to(walks.dtype).unsqueeze(1)
    positions = _positions(batch, config.coordinates)
    nodes, pairs = [of_nodes(walks, pattern)], [walks]
    source, target = pattern.source, pattern.target
    if positions is not None:
        nodes.append(positions)
        pairs.append(positions.index_select(0, target) - positions.index_select(0, source))
    if config.log_degree:
        nodes.append(degree.log1p())
    if config.log_order:
        nodes.append(size.log1p())
    if config.pair.inverse_size:
        pairs.append(size.reciprocal().index_select(0, target))
    if config.pair.inverse_degree:
        inverse = torch.where(degree > 0, degree.reciprocal(), 0.0)
        pairs += [inverse.index_select(0, source), inverse.index_select(0, target)]
    return Columns(nodes, torch.cat(pairs, dim=1))


def neighbours(
    walks: Float[Tensor, "pairs channels"], pattern: SparsePattern
) -> Float[Tensor, "nodes 1"]:
    """How many nodes each can step to: channel 1 holds the walks of one step."""
    steps = (walks[:, 1:2] != 0).to(walks.dtype)
    return segment_reduce(steps, pattern.row_ptr, "sum", pattern.edge)


def _positions(batch: GraphBatch, coordinates: int) -> Tensor | None:
    if coordinates == 0:
        return None
    if batch.positions is None or batch.positions.shape[1] != coordinates:
        came = "none" if batch.positions is None else f"{batch.positions.shape[1]} coordinates"
        raise DataError(
            f"this model reads {coordinates} coordinates of every node from batch.positions; "
            f"the batch has {came}"
        )
    return batch.positions
