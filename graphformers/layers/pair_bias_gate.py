"""What every layer of attention adds to its logits and multiplies its weights with."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.layers.truncated_normal import truncated_normal_


@final
class PairBiasGate(nn.Module):
    r"""A bias and a gate per pair and head, for all layers at once.

    .. math:: [\,b^l_{ij},\ g^l_{ij}\,] = W^l e_{ij} + [\,0,\ 1\,]

    The features of the pairs are the same in all layers, so one product does for all of them.

    Source: Ma et al. 2025, arXiv:2504.12588; the gate is that of Luo et al. 2022, arXiv:2205.13401.
    """

    offset: Tensor

    def __init__(self, pair_dim: int, heads: int, layers: int = 1):
        super().__init__()
        self.heads = heads
        self.layers = layers
        self.linear = nn.Linear(pair_dim, layers * 2 * heads)
        offset = torch.tensor([0.0, 1.0]).repeat(layers).repeat_interleave(heads)
        self.register_buffer("offset", offset, persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the map anew."""
        truncated_normal_(self.linear)

    def forward(
        self, pair: Float[Tensor, "pairs pair_dim"]
    ) -> list[tuple[Float[Tensor, "pairs heads"], Float[Tensor, "pairs heads"]]]:
        """Bias and gate of every layer."""
        mapped = F.linear(pair, self.linear.weight, self.linear.bias + self.offset)
        parts = mapped.unflatten(1, (2 * self.layers, self.heads)).unbind(1)
        return list(zip(parts[::2], parts[1::2], strict=True))
