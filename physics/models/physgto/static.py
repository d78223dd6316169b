"""Both ends of the static model: from what is known at the nodes to fields."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_broadcast
from graphformers.layers.mlp import MLP
from graphformers.physics.models.physgto.config import PhysGTOConfig
from graphformers.physics.models.required import required
from graphformers.physics.models.task import StaticTask


class StaticEncoder(nn.Module):
    r"""Embed what is known at every node, and the conditions of its case when there are any.

    .. math:: V = \phi_2\bigl([\phi_1([u, x]),\ c]\bigr), \qquad c = \phi_c(\text{conditions})

    Without conditions :math:`V = \phi_1([u, x])` and :math:`c` has no columns.
    """

    def __init__(self, config: PhysGTOConfig, task: StaticTask):
        super().__init__()
        dim, inner = config.dim, config.encoder_hidden
        self.task, self.space = task, config.space
        self.context_dim = dim if task.conditions else 0
        self.state = MLP([task.node_features + config.space, *inner, dim], "silu")
        if task.conditions:
            self.conditions = MLP([task.conditions, *inner, dim], "silu")
            self.fuse = MLP([2 * dim, *inner, dim], "silu")

    def forward(
        self, batch: GraphBatch
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "nodes context"]]:
        """Node embedding and the condition of every node."""
        x = required("x", batch.x, self.task.columns)
        positions = required("positions", batch.positions, self.space)
        nodes = self.state(torch.cat([x, positions], dim=-1))
        if not self.context_dim:
            return nodes, nodes[:, :0]
        conditions = required("conditions", batch.conditions, self.task.conditions)
        context = segment_broadcast(self.conditions(conditions), batch.ptr, items=batch.num_nodes)
        return self.fuse(torch.cat([nodes, context], dim=-1)), context


class FieldDecoder(nn.Sequential):
    """Fields from node embeddings: three linear layers, LayerNorm and SiLU between them."""

    def __init__(self, dim_in: int, dim: int, fields: int):
        super().__init__(
            nn.Linear(dim_in, dim),
            nn.LayerNorm(dim),
            nn.SiLU(),
            nn.Linear(dim, dim),
            nn.LayerNorm(dim),
            nn.SiLU(),
            nn.Linear(dim, fields),
        )
