"""Both ends of the transient model: from the present state to its increment."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import silu

from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_broadcast
from graphformers.layers.mlp import MLP
from graphformers.physics.models.physgto.config import PhysGTOConfig
from graphformers.physics.models.required import required
from graphformers.physics.models.task import TransientTask


class TransientEncoder(nn.Module):
    r"""Embed the state of every node, its kind, and the time.

    .. math:: V = \phi_2\bigl([\phi_1(u),\ c]\bigr), \qquad c = \phi_{kind}(k) + \phi_t(t)
    """

    def __init__(self, config: PhysGTOConfig, task: TransientTask):
        super().__init__()
        dim, inner = config.dim, config.encoder_hidden
        self.context_dim = dim
        self.task = task
        self.state = MLP([task.fields, *inner, dim], "silu")
        self.node_type = MLP([task.node_types, *inner, dim], "silu")
        self.time = MLP([task.conditions, *inner, dim], "silu")
        self.fuse = MLP([2 * dim, *inner, dim], "silu")

    def forward(
        self, batch: GraphBatch
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "nodes dim"]]:
        """Node embedding and the condition of every node."""
        task = self.task
        x = required("x", batch.x, task.columns)
        conditions = required("conditions", batch.conditions, task.conditions)
        state, node_type = x.split([task.fields, task.node_types], dim=-1)
        time = segment_broadcast(self.time(conditions), batch.ptr, items=batch.num_nodes)
        context = self.node_type(node_type) + time
        return self.fuse(torch.cat([self.state(state), context], dim=-1)), context


class IncrementDecoder(nn.Module):
    r"""Change of the state over one step, scaled by one learned number.

    .. math:: \Delta u = \mathrm{silu}(\alpha)\ \psi([V, c]), \qquad \alpha = 1/30 \text{ at first}
    """

    def __init__(self, dim_in: int, dim: int, fields: int):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1 / 30))
        self.change = nn.Sequential(
            nn.Linear(dim_in, dim),
            nn.LayerNorm(dim),
            nn.SiLU(),
            nn.Linear(dim, dim),
            nn.SiLU(),
            nn.Linear(dim, fields),
        )

    def forward(
        self, nodes: Float[Tensor, "nodes dim"], condition: Float[Tensor, "nodes dim"]
    ) -> Float[Tensor, "nodes fields"]:
        """Increment of every field."""
        return silu(self.scale) * self.change(torch.cat([nodes, condition], dim=-1))
