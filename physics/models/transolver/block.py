"""One block: attention among slices, then feed-forward."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.layers.mlp import MLP
from graphformers.layers.padded_rows import PaddedRows
from graphformers.physics.models.transolver.attention import PhysicsAttention
from graphformers.physics.models.transolver.config import TransolverConfig


@final
class TransolverBlock(nn.Module):
    r"""Both steps read normalised points and add to them.

    .. math:: x \leftarrow x + \mathrm{Attention}(\mathrm{LN}(x)), \qquad
              x \leftarrow x + \mathrm{MLP}(\mathrm{LN}(x))
    """

    def __init__(self, config: TransolverConfig):
        super().__init__()
        dim = config.dim
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = PhysicsAttention(config)
        self.feed_forward_norm = nn.LayerNorm(dim)
        self.feed_forward = MLP([dim, config.feed_forward * dim, dim], "gelu")
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x: Float[Tensor, "nodes dim"], rows: PaddedRows
    ) -> Float[Tensor, "nodes dim"]:
        """New points."""
        x = x + self.dropout(self.attention(self.attention_norm(x), rows))
        return x + self.feed_forward(self.feed_forward_norm(x))
