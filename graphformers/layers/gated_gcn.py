"""Gated graph convolution with an edge stream."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern, edge_sum, gated_mean
from graphformers.layers.local_layer import LocalLayer
from graphformers.layers.mlp import Activation, activation_function
from graphformers.layers.normalization import BatchNorm


@final
class GatedGCN(LocalLayer):
    r"""Residual gated graph convolution: every edge gates its message, channel by channel.

    .. math::
        \hat e_{ji} &= D x_i + E x_j + C e_{ji}, \qquad s_{ji} = \sigma(\hat e_{ji}) \\
        \hat x_i &= A x_i + \frac{\sum_{j \to i} s_{ji} \odot B x_j}
                                 {\sum_{j \to i} s_{ji} + 10^{-6}} \\
        x_i' &= x_i + \mathrm{Drop}(a(\mathrm{BN}(\hat x_i))), \qquad
        e_{ji}' = e_{ji} + \mathrm{Drop}(a(\mathrm{BN}(\hat e_{ji})))

    The four maps of the nodes, in the order A, B, D, E, are one matrix product.

    Source: Bresson and Laurent 2018, arXiv:1711.07553, as used by Rampášek et al. 2022,
    arXiv:2205.12454.
    """

    def __init__(self, dim: int, *, dropout: float = 0.0, activation: Activation = "relu"):
        super().__init__()
        self.node_maps = nn.Linear(dim, 4 * dim)
        self.edge_map = nn.Linear(dim, dim)
        self.node_norm = BatchNorm(dim)
        self.edge_norm = BatchNorm(dim)
        self.activation = activation_function(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New node and edge features."""
        own, value, gate_target, gate_source = self.node_maps(x).chunk(4, dim=-1)
        logit = edge_sum(gate_target, gate_source, self.edge_map(edge), pattern)
        update = own + gated_mean(value, logit, pattern)
        return (
            x + self.dropout(self.activation(self.node_norm(update))),
            edge + self.dropout(self.activation(self.edge_norm(logit))),
        )
