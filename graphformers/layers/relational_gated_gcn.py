"""Gated graph convolution along several relations at once."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.kernels import SparsePattern, edge_sum, gated_mean
from graphformers.layers.mlp import Activation, activation_function
from graphformers.layers.normalization import BatchNorm


@final
class RelationalGatedGCN(nn.Module):
    r"""One ``GatedGCN`` per relation, on the same nodes, added up.

    .. math:: x' = x + \sum_r \Delta_r(x, e_r), \qquad e_r' = e_r + \Delta_r^e(x, e_r)

    with the changes :math:`\Delta` which the ``GatedGCN`` of relation :math:`r` makes on all nodes
    along its own edges. ``residual_per_relation`` adds :math:`x` once per relation instead, as
    complete layers added up would.

    The pattern has a row for each node and relation, ``node * relations + relation``, as target and
    as source: the maps of all relations are one matrix product, their messages one pass.

    Source: Cai et al. 2023, arXiv:2301.11956; written from a description, without their code.
    """

    def __init__(
        self,
        dim: int,
        relations: int,
        *,
        dropout: float = 0.0,
        activation: Activation = "relu",
        residual_per_relation: bool = False,
    ):
        super().__init__()
        if relations < 1:
            raise ConfigError(f"need at least one relation; got {relations}")
        self.dim, self.relations = dim, relations
        self.copies = relations if residual_per_relation else 1
        self.node_maps = nn.Linear(dim, relations * 4 * dim)  # of each relation A, B, D, E
        self.edge_maps = nn.ModuleList(nn.Linear(dim, dim) for _ in range(relations))
        self.node_norm = BatchNorm(relations * dim)  # each relation has its own channels
        self.edge_norms = nn.ModuleList(BatchNorm(dim) for _ in range(relations))
        self.activation = activation_function(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edges: Sequence[Float[Tensor, "_edges dim"]],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], tuple[Float[Tensor, "_edges dim"], ...]]:
        """New features of the nodes and of the edges of every relation.

        ``pattern`` numbers the edges of all relations one relation after the other.
        """
        if len(edges) != self.relations:
            raise ShapeError(f"need edges of {self.relations} relations; got {len(edges)}")
        count, width = x.shape[0], self.relations * self.dim
        rows = self.node_maps(x).view(count * self.relations, 4 * self.dim)
        own, value, gate_target, gate_source = rows.chunk(4, dim=-1)
        mapped = torch.cat([to(edge) for to, edge in zip(self.edge_maps, edges, strict=True)])
        logit = edge_sum(gate_target, gate_source, mapped, pattern)
        update = (own + gated_mean(value, logit, pattern)).view(count, width)
        change = self.dropout(self.activation(self.node_norm(update)))
        x = self.copies * x + change.view(count, self.relations, self.dim).sum(dim=1)
        return x, self._new_edges(edges, logit)

    def _new_edges(self, edges: Sequence[Tensor], logit: Tensor) -> tuple[Tensor, ...]:
        parts = logit.split([edge.shape[0] for edge in edges])
        return tuple(
            edge + self.dropout(self.activation(norm(part)))
            for edge, norm, part in zip(edges, self.edge_norms, parts, strict=True)
        )
