"""Attention between what the last block read and what it made of it."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern, sparse_attention
from graphformers.layers.mlp import MLP
from graphformers.physics.models.mesh_transformer.config import MeshTransformerConfig


@final
class TemporalAttention(nn.Module):
    r"""Correct a state by what its neighbours have become.

    .. math::
        a_i &= \sum_{j \to i} \mathrm{softmax}_j\bigl(q_i \cdot k'_j / \sqrt{d}\bigr)\, v_j,
            \qquad [q, v] = W h,\ k' = W' h' \\
        c &= h' + \sigma\bigl(\phi_1([h, h'])\bigr) \odot W_o a, \qquad
        y = c + \phi_2([c, h'])

    with the input :math:`h'` and the output :math:`h` of the last block, over the same mask.

    Source: Garnier et al. 2025, arXiv:2508.18051. Both perceptrons have one hidden layer of
    width ``dim`` here.
    """

    def __init__(self, config: MeshTransformerConfig):
        super().__init__()
        dim = config.dim
        self.heads = config.heads
        self.query_value = nn.Linear(dim, 2 * dim)
        self.key = nn.Linear(dim, dim)
        self.output = nn.Linear(dim, dim)
        self.gate = MLP([2 * dim, dim, dim], config.activation)
        self.correction = MLP([2 * dim, dim, dim], config.activation)

    def forward(
        self,
        before: Float[Tensor, "rows dim"],
        after: Float[Tensor, "rows dim"],
        mask: SparsePattern,
    ) -> Float[Tensor, "rows dim"]:
        """The corrected rows."""
        query, value = self.query_value(after).unflatten(1, (2, self.heads, -1)).unbind(1)
        key = self.key(before).unflatten(1, (self.heads, -1))
        attended = self.output(sparse_attention(query, key, value, mask).flatten(1))
        gate = self.gate(torch.cat([after, before], dim=-1)).sigmoid()
        corrected = before + gate * attended
        return corrected + self.correction(torch.cat([corrected, before], dim=-1))
