"""One block: a step along the mesh edges, then attention through tokens, then feed-forward."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.latent_attention import ProjectionAttention
from graphformers.layers.mesh_message import MeshMessage
from graphformers.layers.mlp import MLP
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.token_attention import TokenAttention
from graphformers.physics.models.physgto.config import PhysGTOConfig


class PhysGTOBlock(nn.Module):
    r"""Local step, global step, feed-forward, each added to the nodes.

    .. math::
        (v, m) &= \mathrm{GNN}([V, s, c], E), \qquad V \leftarrow V + v,\quad E \leftarrow E + m \\
        V &\leftarrow V + \mathrm{Attention}(\mathrm{LN}(V)), \qquad
        V \leftarrow V + \mathrm{FFN}(\mathrm{LN}(V))

    with the position code :math:`s` and the condition :math:`c`, together ``context``. The input of
    the local step is not normalised.
    """

    def __init__(self, config: PhysGTOConfig, context_dim: int):
        super().__init__()
        dim = config.dim
        self.message = MeshMessage(
            dim + context_dim,
            dim,
            hidden=config.hidden,
            activation=config.activation,
            edge_direction=config.edge_direction,
        )
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = _attention(config)
        self.feed_forward_norm = nn.LayerNorm(dim)
        self.feed_forward = MLP([dim, config.feed_forward * dim, dim], "silu")

    def forward(
        self,
        nodes: Float[Tensor, "nodes dim"],
        edges: Float[Tensor, "edges dim"],
        context: Float[Tensor, "nodes context"],
        pattern: SparsePattern,
        rows: PaddedRows,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New nodes and edges."""
        update, message = self.message(torch.cat([nodes, context], dim=-1), edges, pattern)
        nodes = nodes + update
        nodes = nodes + self.attention(self.attention_norm(nodes), rows)
        nodes = nodes + self.feed_forward(self.feed_forward_norm(nodes))
        return nodes, edges + message


def _attention(config: PhysGTOConfig) -> ProjectionAttention | TokenAttention:
    dim, heads, tokens, dropout = config.dim, config.heads, config.tokens, config.dropout
    if config.attention == "three steps":
        return TokenAttention(dim, heads=heads, tokens=tokens, dropout=dropout)
    tied = config.tied_attention
    return ProjectionAttention(dim, heads=heads, tokens=tokens, tied=tied, dropout=dropout)
