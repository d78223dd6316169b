"""Messages along mesh edges that both ends of an edge receive."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern, segment_reduce
from graphformers.layers.edge_linear import EdgeLinear
from graphformers.layers.edge_perceptron import edge_perceptron
from graphformers.layers.mlp import MLP, Activation, activation_function

EdgeDirection = Literal["single", "both"]


class MeshMessage(nn.Module):
    r"""One step of message passing on mesh edges, each stored once, from ``s`` to ``r``.

    .. math::
        m_e &= f_{edge}\bigl([x_s, x_r, e]\bigr) \\
        a_i &= \Bigl[\operatorname{mean}_{e:\,s(e)=i} m_e^{\,first\ half},\
                     \operatorname{mean}_{e:\,r(e)=i} m_e^{\,second\ half}\Bigr] \\
        v_i &= f_{node}\bigl([x_i, a_i]\bigr)

    Both functions are perceptrons with one hidden layer and LayerNorm; a mean over no edge is zero.
    The caller adds: ``nodes + v``, ``edges + m``. The ends of an edge play different roles, so the
    stored direction matters. ``edge_direction="both"`` expects every edge in both directions and
    gives the whole message to its sender.

    Nothing is concatenated over edges, and training keeps no tensor over them but the edges
    themselves (``edge_perceptron``).

    Source: Liu et al. 2025, arXiv:2512.10227, and the published models for the two halves.
    """

    def __init__(
        self,
        node_dim: int,
        dim: int,
        *,
        hidden: int,
        activation: Activation = "silu",
        edge_direction: EdgeDirection = "single",
    ):
        super().__init__()
        if edge_direction == "single" and dim % 2:
            raise ConfigError(f"dim must be even to be shared by the ends of an edge; got {dim}")
        self.edge_direction = edge_direction
        self.activation = activation_function(activation)
        self.edge_input = EdgeLinear(node_dim, dim, hidden)
        self.edge_output = nn.Sequential(nn.Linear(hidden, dim), nn.LayerNorm(dim))
        self.node = nn.Sequential(MLP([node_dim + dim, hidden, dim], activation), nn.LayerNorm(dim))

    def forward(
        self,
        x: Float[Tensor, "nodes node_dim"],
        edges: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """Updates of the nodes and of the edges; edge rows follow the caller's edge order."""
        message = self._message(x, edges, pattern)
        received = self._received(message, pattern)
        return self.node(torch.cat([x, received], dim=-1)), message

    def _message(self, x: Tensor, edges: Tensor, pattern: SparsePattern) -> Tensor:
        return edge_perceptron(
            self.edge_input,
            lambda hidden: self.edge_output(self.activation(hidden)),
            list(self.edge_output.parameters()),
            x,
            edges,
            pattern,
        )

    def _received(self, message: Tensor, pattern: SparsePattern) -> Tensor:
        by_source = pattern.transposed
        if self.edge_direction == "both":
            return segment_reduce(message, by_source.row_ptr, "mean", by_source.edge)
        sent, kept = message.chunk(2, dim=-1)
        return torch.cat(
            [
                segment_reduce(sent, by_source.row_ptr, "mean", by_source.edge),
                segment_reduce(kept, pattern.row_ptr, "mean", pattern.edge),
            ],
            dim=-1,
        )
