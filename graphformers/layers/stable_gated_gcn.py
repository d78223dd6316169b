"""GatedGCN whose gates are weighted by distance."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.kernels import SparsePattern, edge_sum, gated_mean
from graphformers.layers.mlp import Activation, activation_function
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.stable_layer import DistanceGate, StableLayer


@final
class StableGatedGCN(StableLayer):
    r"""``GatedGCN`` with gates that distance weakens.

    .. math:: s_{ji} = \sigma(\hat e_{ji})\, \sigma(m_{ji})

    in place of :math:`\sigma(\hat e_{ji})`, with the logit :math:`m` of a ``DistanceGate``; the
    edge stream reads :math:`\hat e` alone. The product is itself the sigmoid of

    .. math:: \hat e + m - \log(1 + e^{\hat e} + e^m)

    so it goes through the kernel of a single gate.

    Source: Wang et al. 2022, arXiv:2203.00199, as used by Rampášek et al. 2022, arXiv:2205.12454.
    """

    def __init__(self, dim: int, *, dropout: float = 0.0, activation: Activation = "relu"):
        super().__init__()
        self.node_maps = nn.Linear(dim, 4 * dim)
        self.edge_map = nn.Linear(dim, dim)
        self.gate = DistanceGate(dim, activation)
        self.node_norm = BatchNorm(dim)
        self.edge_norm = BatchNorm(dim)
        self.activation = activation_function(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
        distance: Float[Tensor, " edges"],
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New node and edge features."""
        own, value, gate_target, gate_source = self.node_maps(x).chunk(4, dim=-1)
        logit = edge_sum(gate_target, gate_source, self.edge_map(edge), pattern)
        update = own + gated_mean(value, joint_logit(logit, self.gate(distance)), pattern)
        return (
            x + self.dropout(self.activation(self.node_norm(update))),
            edge + self.dropout(self.activation(self.edge_norm(logit))),
        )


def joint_logit(first: Tensor, second: Tensor) -> Tensor:
    """Logit of the product of two sigmoids."""
    return first + second - torch.logaddexp(first, F.softplus(second))
