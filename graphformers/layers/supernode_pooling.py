"""A few points of a cloud gather what lies around them."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.kernels import (
    MaxNeighbors,
    relative_waves,
    segment_reduce,
    supernode_neighbors,
)
from graphformers.layers.exact_buffers import ExactBuffers
from graphformers.layers.precision import at_least_float32
from graphformers.layers.sine_position_code import SinePositionCode, wave_frequencies


@final
class SupernodePooling(ExactBuffers):
    r"""Tokens of the points around every supernode, from positions alone.

    .. math::
        m_{jk} &= W_2\,\mathrm{GELU}\bigl(W_1 F([x_k - x_j,\ \|x_k - x_j\|]) + b_1\bigr) + b_2 \\
        t_k &= W_p \Bigl[\tfrac{1}{|N_k|} \sum_{j \in N_k} m_{jk},\ F(x_k)\Bigr] + b_p,
        \qquad N_k = \{ j : \|x_k - x_j\| \le r \}

    with the code :math:`F` of ``SinePositionCode``; at most ``max_neighbors`` stay in :math:`N_k`.
    A mean passes through a linear map, so :math:`W_2` works on supernodes instead of edges: the
    same numbers, and no tensor of messages.

    Source: Alkin et al. 2025, arXiv:2502.09692, pooling on relative positions.
    """

    frequencies: Float[Tensor, " waves"]

    def __init__(self, space: int, dim: int, *, radius: float, max_neighbors: MaxNeighbors):
        super().__init__()
        self.radius, self.max_neighbors = radius, max_neighbors
        self.position_code = SinePositionCode(space, dim)
        frequencies = wave_frequencies(dim, space + 1).to(torch.get_default_dtype())
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.message_input = nn.Linear(dim, dim)
        self.message_output = nn.Linear(dim, dim)
        self.token = nn.Linear(2 * dim, dim)

    def forward(
        self,
        points: Float[Tensor, "points space"],
        supernodes: Int[Tensor, " supernodes"],
        ptr: Int[Tensor, " graphs_plus_1"] | None = None,
    ) -> Float[Tensor, "supernodes dim"]:
        """Tokens in the order of ``supernodes``, which are numbers of points, graph after graph."""
        points = points.to(at_least_float32(points))
        rows = supernode_neighbors(
            points, supernodes, self.radius, ptr=ptr, max_neighbors=self.max_neighbors
        )
        centres = points.index_select(0, supernodes)
        waves = relative_waves(points, centres, rows, self.frequencies.to(points.dtype))
        weight = self.message_input.weight[:, : waves.shape[1]]  # the code's zeros add nothing
        hidden = F.gelu(F.linear(waves.to(weight.dtype), weight, self.message_input.bias))
        pooled = self.message_output(segment_reduce(hidden, rows.row_ptr, "mean"))
        places = self.position_code(centres).to(pooled.dtype)
        return self.token(torch.cat([pooled, places], dim=-1))
