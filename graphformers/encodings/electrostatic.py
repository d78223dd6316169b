"""Statistics of the potentials between nodes seen as charges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.encodings.dense_graphs import equal_sizes, symmetric_adjacency
from graphformers.graph_batch import GraphBatch

ZERO = 1e-10  # of the largest eigenvalue: what is smaller is not inverted
STATISTICS = 10


@final
@dataclass(frozen=True, kw_only=True)
class ElectrostaticStatistics:
    r"""Ten statistics of the electrostatic potentials of every node: ``"electrostatic"``.

    .. math:: M_{ij} = L^+_{ij} - L^+_{jj}, \qquad L = D - A

    For node :math:`i`, in this order: minimum, maximum, mean and standard deviation (unbiased) of
    column :math:`M_{\cdot i}`; minimum, maximum, mean and standard deviation of row
    :math:`M_{i \cdot}`; :math:`\sum_j P_{ji} M_{ji}` and :math:`\sum_j P_{ij} M_{ij}` with
    :math:`P = D^{-1} A`.

    Edges count in both directions, self-loops do not count. The standard deviations of a graph
    with one node, and the sums of a node without edges, are zero.

    Both maxima are those of the diagonal, zero, since no node has a higher potential than the
    charge. The authors' code takes that of the column twice; it makes no difference.

    Source: ``ElstaticSE`` in the repository of Rampášek et al. 2022, arXiv:2205.12454, after
    Kreuzer et al. 2021, arXiv:2106.03893, section 2. Ours is computed in float64, theirs in
    float32.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """``("electrostatic",)``."""
        return ("electrostatic",)

    @property
    def channels(self) -> int:
        """Ten."""
        return STATISTICS

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """``"electrostatic"`` (nodes, 10), float32."""
        statistics = torch.empty(graphs.num_nodes, STATISTICS, device=graphs.ptr.device)
        for alike, nodes in equal_sizes(graphs):
            statistics[nodes] = self._of_equal_sizes(symmetric_adjacency(alike).double()).float()
        return {"electrostatic": statistics}

    def _of_equal_sizes(
        self, adjacency: Float[Tensor, "graphs size size"]
    ) -> Float[Tensor, "graphs size 10"]:
        degree = adjacency.sum(-1)
        laplacian = torch.diag_embed(degree) - adjacency
        inverse = torch.linalg.pinv(laplacian, rtol=ZERO, hermitian=True)
        potential = inverse - inverse.diagonal(dim1=1, dim2=2).unsqueeze(1)
        walk = adjacency / degree.clamp(min=1).unsqueeze(-1) * potential
        columns, rows = _statistics(potential, 1), _statistics(potential, 2)
        return torch.stack([*columns, *rows, walk.sum(1), walk.sum(2)], dim=-1)


def _statistics(potential: Float[Tensor, "graphs size size"], axis: int) -> list[Tensor]:
    """Minimum, maximum, mean and standard deviation, each (graphs, size)."""
    alone = potential.shape[axis] == 1
    deviation = potential.std(axis, correction=0 if alone else 1)
    return [potential.amin(axis), potential.amax(axis), potential.mean(axis), deviation]
