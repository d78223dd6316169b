"""All that is known at a node, side by side."""

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_broadcast
from graphformers.physics.models.required import required
from graphformers.physics.models.task import StaticTask, TransientTask


def node_inputs(
    batch: GraphBatch, task: StaticTask | TransientTask
) -> Float[Tensor, "nodes columns"]:
    """``batch.x``, then the conditions of the case at each of its nodes.

    Raises ``ShapeError`` when the batch lacks what the task reads.
    """
    x = required("x", batch.x, task.columns)
    if not task.conditions:
        return x
    conditions = required("conditions", batch.conditions, task.conditions)
    return torch.cat([x, segment_broadcast(conditions, batch.ptr, items=batch.num_nodes)], dim=-1)


def located_inputs(
    batch: GraphBatch, task: StaticTask | TransientTask, space: int
) -> Float[Tensor, "nodes space_and_columns"]:
    """The position of every node, then its ``node_inputs``."""
    positions = required("positions", batch.positions, space)
    inputs = node_inputs(batch, task)
    return torch.cat([positions.to(inputs.dtype), inputs], dim=-1)
