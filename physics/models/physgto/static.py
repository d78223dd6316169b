"""Both ends of the static model: from what is known at the nodes to fields."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import silu

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_broadcast, segment_reduce
from graphformers.layers.mlp import MLP
from graphformers.physics.models.physgto.config import PhysGTOConfig
from graphformers.physics.models.required import required
from graphformers.physics.models.task import StaticTask


class StaticEncoder(nn.Module):
    r"""Embed what is known at every node, and the conditions of its case when there are any.

    .. math:: V = \phi_2\bigl([\phi_1([u, x]),\ c]\bigr), \qquad c = \phi_c(\text{conditions})

    or :math:`\phi_2` of the sum of both where conditions are added. Without conditions
    :math:`V = \phi_1([u, x])` and :math:`c` has no columns.
    """

    def __init__(self, config: PhysGTOConfig, task: StaticTask):
        super().__init__()
        dim, inner = config.dim, config.encoder_hidden
        self.task, self.space = task, config.space
        self.context_dim = dim if task.conditions else 0
        self.state = MLP([task.node_features + config.space, *inner, dim], "silu")
        self.added = config.conditioning == "added"
        if task.conditions:
            self.conditions = MLP([task.conditions, *inner, dim], "silu")
            self.fuse = MLP([dim if self.added else 2 * dim, *inner, dim], "silu")

    def forward(
        self, batch: GraphBatch
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "nodes context"]]:
        """Node embedding and the condition of every node."""
        x = required("x", batch.x, self.task.columns)
        positions = required("positions", batch.positions, self.space)
        nodes = self.state(torch.cat([x, positions.to(x.dtype)], dim=-1))
        if not self.context_dim:
            return nodes, nodes[:, :0]
        conditions = required("conditions", batch.conditions, self.task.conditions)
        context = segment_broadcast(self.conditions(conditions), batch.ptr, items=batch.num_nodes)
        both = nodes + context if self.added else torch.cat([nodes, context], dim=-1)
        return self.fuse(both), context


class FieldDecoder(nn.Sequential):
    """Fields from nodes and their condition: three linear layers, LayerNorm and SiLU between."""

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

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, nodes: Float[Tensor, "nodes dim"], condition: Float[Tensor, "nodes context"]
    ) -> Float[Tensor, "nodes fields"]:
        """Fields at every node."""
        return super().forward(torch.cat([nodes, condition], dim=-1))


class TwoStepDecoder(nn.Module):
    r"""Fields from nodes that their condition has changed once more; of a surface, their sum.

    .. math:: y = \psi\bigl(V + \phi(V + c)\bigr), \qquad
              D = \mathrm{silu}(\alpha) \sum_n y_n, \qquad \alpha = 0 \text{ at first}
    """

    def __init__(self, dim: int, fields: int, drag: bool):
        super().__init__()
        self.change = MLP([dim, dim, dim], "silu")
        self.fields = MLP([dim, dim, fields], "silu")
        self.drag_scale = nn.Parameter(torch.tensor(0.0)) if drag else None

    def forward(
        self, nodes: Float[Tensor, "nodes dim"], condition: Float[Tensor, "nodes context"]
    ) -> Float[Tensor, "nodes fields"]:
        """Fields at every node."""
        return self.fields(nodes + self.change(with_condition(nodes, condition)))

    def drag(
        self, fields: Float[Tensor, "nodes fields"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "graphs fields"]:
        """The scaled sum over every case."""
        if self.drag_scale is None:
            raise ConfigError("this model has no head for drag: set drag=True")
        return silu(self.drag_scale) * segment_reduce(fields, ptr)


def with_condition(
    nodes: Float[Tensor, "nodes dim"], condition: Float[Tensor, "nodes context"]
) -> Float[Tensor, "nodes dim"]:
    """The sum of both; the nodes alone where there are no conditions."""
    return nodes + condition if condition.shape[1] else nodes
