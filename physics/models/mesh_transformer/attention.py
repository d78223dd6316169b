"""Attention of nodes to those that a mask lets them see."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern, self_attention, sparse_attention
from graphformers.layers.rotary_code import Rotation, rotate
from graphformers.physics.models.mesh_transformer.config import MeshTransformerConfig


@final
class MaskedAttention(nn.Module):
    r"""Multi-head attention along a mask, turned by positions and gated if asked for.

    .. math::
        y_i = W_o \Bigl(\sigma(W_g x_i) \odot
              \sum_{j \to i} \mathrm{softmax}_j\bigl(q_i \cdot k_j / \sqrt{d}\bigr)\, v_j\Bigr)

    The softmax runs over the nodes that are seen, not over all: a node that sees none gets the
    bias of :math:`W_o`. Without a gate its factor is one.
    """

    def __init__(self, config: MeshTransformerConfig):
        super().__init__()
        dim = config.dim
        self.heads, self.tied = config.heads, config.tied
        self.query_key_value = nn.Linear(dim, dim if config.tied else 3 * dim)
        self.gate = nn.Linear(dim, dim) if config.output_gate else None
        self.output = nn.Linear(dim, dim)

    def forward(
        self,
        x: Float[Tensor, "rows dim"],
        mask: SparsePattern,
        rotation: Rotation | None = None,
    ) -> Float[Tensor, "rows dim"]:
        """What every row attends to."""
        attended = self._attended(x, mask, rotation)
        if self.gate is not None:
            attended = self.gate(x).sigmoid() * attended
        return self.output(attended)

    def _attended(self, x: Tensor, mask: SparsePattern, rotation: Rotation | None) -> Tensor:
        projection = self.query_key_value
        if rotation is None and not self.tied:
            return self_attention(x, projection.weight, projection.bias, mask, self.heads)
        parts = 1 if self.tied else 3
        split = projection(x).unflatten(1, (parts, self.heads, -1)).unbind(1)
        query, key, value = split * (3 // parts)
        if rotation is not None:
            query, key = rotate(query, rotation), rotate(key, rotation)
        return sparse_attention(query, key, value, mask).flatten(1)
