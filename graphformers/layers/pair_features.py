"""Features of pairs of nodes: random walks between them, and the edges that join them."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.pair_slots import pair_slots


@final
class PairFeatures(nn.Module):
    r"""One vector for every pair of a pattern.

    .. math:: e_{j \to i} = W r_{j \to i} + \sum_{\mathrm{edges}\ j \to i} b_{ji}

    with an encoding of pairs :math:`r` and edge features :math:`b`, which parallel edges add up.
    Without a bias, a pair about which nothing is known is zero.

    Source: Ma et al. 2023, arXiv:2305.17589, section 3.1.
    """

    def __init__(self, channels: int, dim: int):
        super().__init__()
        self.linear = nn.Linear(channels, dim, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights from Xavier's uniform distribution."""
        nn.init.xavier_uniform_(self.linear.weight)

    def forward(
        self,
        encoding: Float[Tensor, "pairs channels"],
        edge: Float[Tensor, "edges dim"],
        edge_index: Int[Tensor, "2 edges"],
        pattern: SparsePattern,
    ) -> Float[Tensor, "pairs dim"]:
        """Rows follow the pattern's edge order; the pattern must hold every edge."""
        pairs = self.linear(encoding)
        return pairs.index_add(0, pair_slots(pattern, edge_index), edge.to(pairs.dtype))


def of_nodes(
    encoding: Float[Tensor, "pairs channels"], pattern: SparsePattern
) -> Float[Tensor, "nodes channels"]:
    """What an encoding of pairs says of every node and itself."""
    own = torch.arange(pattern.num_targets, device=encoding.device)
    return encoding[pair_slots(pattern, own.expand(2, -1))]
