"""Node features scaled by the degree of their node."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.graph_batch import GraphBatch


@final
class DegreeScaler(nn.Module):
    r"""Gives back what a softmax takes away: how many neighbours a node has.

    .. math:: y_i = \theta_1 \odot x_i + \log(1 + d_i)\, \theta_2 \odot x_i

    Source: Corso et al. 2020, arXiv:2004.05718; this form Ma et al. 2023, arXiv:2305.17589, eq. 5.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(2, dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both vectors as the authors do: Xavier's distribution of a (1, dim, 2) tensor."""
        nn.init.normal_(self.weight, std=(self.weight.shape[1] + 1) ** -0.5)

    def forward(
        self, x: Float[Tensor, "nodes dim"], log_degree: Float[Tensor, " nodes"]
    ) -> Float[Tensor, "nodes dim"]:
        """Scale every row; ``log_degree`` is that of ``log_degrees``."""
        own, by_degree = self.weight
        return x * torch.addcmul(own, log_degree[:, None].to(x), by_degree)


def log_degrees(batch: GraphBatch, dtype: torch.dtype = torch.float32) -> Float[Tensor, " nodes"]:
    """``log(1 + d)`` with the number of edges that leave each node, parallel edges counted."""
    source = batch.edge_index[0]
    leaving = source.new_zeros(batch.num_nodes).index_add(0, source, torch.ones_like(source))
    return leaving.to(dtype).log1p()
