"""Graph isomorphism layer with edge features."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern, rectified_sum
from graphformers.layers.local_layer import LocalLayer
from graphformers.layers.mlp import MLP, Activation


@final
class GINE(LocalLayer):
    r"""Graph isomorphism network with edge features and a residual.

    .. math::
        x_i' = x_i + \mathrm{Drop}\Bigl(W_2\, a\bigl(W_1 \bigl[(1 + \epsilon) x_i
               + \sum_{j \to i} \mathrm{ReLU}(x_j + e_{ji})\bigr]\bigr)\Bigr)

    Edge features are read and handed on unchanged; :math:`\epsilon` is 0 and not trained.

    Source: Hu et al. 2020, arXiv:1905.12265; residual and widths as in Rampášek et al. 2022,
    arXiv:2205.12454.
    """

    epsilon: Tensor

    def __init__(self, dim: int, *, dropout: float = 0.0, activation: Activation = "relu"):
        super().__init__()
        self.register_buffer("epsilon", torch.zeros(1))
        self.update = MLP([dim, dim, dim], activation)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New node features, and the edge features as they came."""
        received = rectified_sum(x, edge, pattern)
        return x + self.dropout(self.update(self._with_own(received, x))), edge

    def _with_own(self, received: Tensor, x: Tensor) -> Tensor:
        """What came along the edges and, times one plus epsilon, the node itself."""
        looks = x.device.type == "cpu" and not torch.compiler.is_compiling()
        if looks and not self.epsilon.any():
            return received + x
        return torch.addcmul(received, x, 1 + self.epsilon)
