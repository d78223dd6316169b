"""One block: attention along the mask, then a gated perceptron."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.mlp import activation_function
from graphformers.layers.rotary_code import Rotation
from graphformers.layers.row_pieces import by_pieces
from graphformers.physics.models.mesh_transformer.attention import MaskedAttention
from graphformers.physics.models.mesh_transformer.config import MeshTransformerConfig
from graphformers.physics.models.mesh_transformer.rms_norm import RMSNorm


@final
class GatedMLP(nn.Module):
    r"""A perceptron with one half of its hidden numbers gating the other.

    .. math:: y = W_3 \bigl(a(W_1 n + b_1) \odot (W_2 n + b_2)\bigr) + b_3, \qquad
              n = \mathrm{RMSNorm}(x)
    """

    def __init__(self, config: MeshTransformerConfig):
        super().__init__()
        inner = config.feed_forward * config.dim
        self.norm = RMSNorm(config.dim)
        self.hidden = nn.Linear(config.dim, 2 * inner)
        self.output = nn.Linear(inner, config.dim)
        self.activation = activation_function(config.gate_activation)

    def forward(self, x: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows dim"]:
        """Apply to every row."""
        gate, value = self.hidden(self.norm(x)).chunk(2, dim=-1)
        return self.output(self.activation(gate) * value)


@final
class MeshTransformerBlock(nn.Module):
    r"""Both steps read normalised rows and add to them.

    .. math:: x \leftarrow x + \mathrm{Attention}(\mathrm{RMSNorm}(x)), \qquad
              x \leftarrow x + \mathrm{GatedMLP}(\mathrm{RMSNorm}(x))

    The gated perceptron normalises what it reads once more, as published. Very many rows go through
    the second step some at a time, of which training keeps ``x`` alone.
    """

    def __init__(self, config: MeshTransformerConfig):
        super().__init__()
        self.attention_norm = RMSNorm(config.dim)
        self.attention = MaskedAttention(config)
        self.feed_forward_norm = RMSNorm(config.dim)
        self.feed_forward = GatedMLP(config)

    def forward(
        self,
        x: Float[Tensor, "rows dim"],
        mask: SparsePattern,
        rotation: Rotation | None = None,
    ) -> Float[Tensor, "rows dim"]:
        """New rows."""
        x = x + self.attention(self.attention_norm(x), mask, rotation)
        parameters = (*self.feed_forward_norm.parameters(), *self.feed_forward.parameters())
        return by_pieces(self._fed_forward, parameters, x)

    def _fed_forward(self, x: Tensor) -> Tensor:
        return x + self.feed_forward(self.feed_forward_norm(x))
