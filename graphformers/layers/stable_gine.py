"""GINE whose messages are weighted by distance."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern, segment_broadcast, segment_reduce
from graphformers.layers.mlp import MLP, Activation
from graphformers.layers.stable_layer import DistanceGate, StableLayer


@final
class StableGINE(StableLayer):
    r"""``GINE`` with messages that distance weakens.

    .. math::
        x_i' = x_i + \mathrm{Drop}\Bigl(W_2\, a\bigl(W_1 \bigl[(1 + \epsilon) x_i
               + \sum_{j \to i} \sigma(m_{ji})\, \mathrm{ReLU}(x_j + e_{ji})\bigr]\bigr)\Bigr)

    with the logit :math:`m` of a ``DistanceGate``, whose activation is always ReLU.

    Source: Wang et al. 2022, arXiv:2203.00199, as used by Rampášek et al. 2022, arXiv:2205.12454.
    """

    epsilon: Tensor

    def __init__(self, dim: int, *, dropout: float = 0.0, activation: Activation = "relu"):
        super().__init__()
        self.register_buffer("epsilon", torch.zeros(1))
        self.update = MLP([dim, dim, dim], activation)
        self.gate = DistanceGate(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
        distance: Float[Tensor, " edges"],
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New node features, and the edge features as they came."""
        by_source = pattern.transposed
        sent = segment_broadcast(x, by_source.row_ptr, by_source.edge)
        message = (sent + edge).relu() * self.gate(distance).sigmoid()
        received = segment_reduce(message, pattern.row_ptr, "sum", pattern.edge)
        return x + self.dropout(self.update((1 + self.epsilon) * x + received)), edge
