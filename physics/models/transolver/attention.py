"""Attention among soft slices of a point cloud: linear in the number of points."""

import math
from typing import final

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from graphformers.layers.padded_rows import PaddedRows
from graphformers.physics.models.transolver.config import TransolverConfig

INITIAL_TEMPERATURE = 0.5
CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}


@final
class PhysicsAttention(nn.Module):
    r"""Gather the points of a case into slices, let these attend to one another, give back.

    .. math::
        w_n &= \mathrm{softmax}\bigl((W_s a_n + b_s) / \tau\bigr), \qquad
            a = W_a x,\ f = W_f x \\
        z_g &= \frac{\sum_n w_{ng} f_n}{\sum_n w_{ng} + \epsilon}, \qquad
            z' = \mathrm{softmax}\bigl(q k^\top / \sqrt{d}\bigr)\, v, \quad
            [q, k, v] = [W_q, W_k, W_v]\, z \\
        y_n &= W_o \sum_g w_{ng}\, z'_g

    in every head, which has a temperature :math:`\tau` of its own; :math:`W_s, W_q, W_k, W_v` are
    shared by the heads. On a grid :math:`W_a` and :math:`W_f` are convolutions of width 3.

    Source: Wu et al. 2024, arXiv:2402.02366, and the published program for the numbers.
    """

    def __init__(self, config: TransolverConfig):
        super().__init__()
        dim, head_dim = config.dim, config.dim // config.heads
        self.heads, self.grid = config.heads, config.grid
        self.epsilon, self.temperature_range = config.epsilon, config.temperature_range
        self.temperature = nn.Parameter(torch.full((1, config.heads, 1, 1), INITIAL_TEMPERATURE))
        self.point, self.feature = self._reader(dim), self._reader(dim)
        self.slices = nn.Linear(head_dim, config.slices)
        self.query = nn.Linear(head_dim, head_dim, bias=False)
        self.key = nn.Linear(head_dim, head_dim, bias=False)
        self.value = nn.Linear(head_dim, head_dim, bias=False)
        self.output = nn.Linear(dim, dim)
        self.dropout = config.dropout

    def forward(
        self, x: Float[Tensor, "nodes dim"], rows: PaddedRows
    ) -> Float[Tensor, "nodes dim"]:
        """Mix the points of each case; ``rows = PaddedRows(ptr, num_nodes)``."""
        weight = rearrange(rows.pad(self._weights(x)), "b n h g -> b h n g")
        feature = rearrange(rows.pad(self._read(self.feature, x)), "b n h d -> b h n d")
        gathered = weight.transpose(-1, -2) @ feature
        tokens = gathered / (weight.sum(2)[..., None] + self.epsilon)
        mixed = scaled_dot_product_attention(
            self.query(tokens),
            self.key(tokens),
            self.value(tokens),
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.output(rows.unpad(rearrange(weight @ mixed, "b h n d -> b n (h d)")))

    def _weights(self, x: Tensor) -> Float[Tensor, "nodes heads slices"]:
        """How much of every point belongs to each slice."""
        temperature = self.temperature.view(self.heads, 1)
        if self.temperature_range is not None:
            temperature = temperature.clamp(*self.temperature_range)
        return (self.slices(self._read(self.point, x)) / temperature).softmax(-1)

    def _reader(self, dim: int) -> nn.Module:
        if self.grid is None:
            return nn.Linear(dim, dim)
        return CONVOLUTIONS[len(self.grid)](dim, dim, kernel_size=3, padding=1)

    def _read(self, reader: nn.Module, x: Tensor) -> Float[Tensor, "nodes heads head_dim"]:
        """Map every point, on a grid together with its neighbours."""
        if self.grid is None:
            return reader(x).unflatten(-1, (self.heads, -1))
        on_grid = x.view(-1, math.prod(self.grid), x.shape[-1]).transpose(1, 2)
        read = reader(on_grid.unflatten(2, self.grid)).flatten(2)
        return rearrange(read, "b (h d) n -> (b n) h d", h=self.heads)
