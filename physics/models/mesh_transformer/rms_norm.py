"""Root-mean-square normalisation."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.layers.row_pieces import by_pieces

EPSILON = 1e-8


@final
class RMSNorm(nn.Module):
    r"""Divide every row by its root mean square, then scale its columns.

    .. math:: y = \gamma \odot \frac{x}{\|x\|_2 / \sqrt{d} + \epsilon}

    Torch's own has :math:`\epsilon` inside the root.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dim))

    def forward(self, x: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows dim"]:
        """Normalise every row."""
        return by_pieces(self._normalised, [self.scale], x)

    def _normalised(self, x: Tensor) -> Tensor:
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True) / x.shape[-1] ** 0.5
        return self.scale * (x / (size + EPSILON))
