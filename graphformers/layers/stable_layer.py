"""Message passing weighted by how far apart the ends of an edge are."""

from abc import ABC, abstractmethod
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern, segment_broadcast
from graphformers.layers.mlp import MLP, Activation
from graphformers.layers.normalization import BatchNorm


class StableLayer(nn.Module, ABC):
    """A ``LocalLayer`` that also reads the squared distance between the ends of every edge."""

    @abstractmethod
    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
        distance: Float[Tensor, " edges"],
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New node and edge features; edge-wise tensors follow the caller's order of the edges."""


@final
class StablePositions(nn.Module):
    r"""Laplacian eigenvectors to positions whose distances weigh messages.

    .. math:: p_i = W v_i + b

    NaN marks a frequency that a small graph does not have: it counts as zero. ``raw_norm``
    batch-normalises the eigenvectors first. Distances between the eigenvectors themselves would not
    change with their signs; after the linear map, as published with GPS, they do.

    Source: Wang et al. 2022, arXiv:2203.00199; the map is that of Rampášek et al. 2022,
    arXiv:2205.12454.
    """

    def __init__(self, frequencies: int, dim: int, *, raw_norm: bool = False):
        super().__init__()
        self.raw_norm = BatchNorm(frequencies) if raw_norm else nn.Identity()
        self.linear = nn.Linear(frequencies, dim)

    def forward(
        self, eigenvectors: Float[Tensor, "nodes frequencies"], edges: SparsePattern
    ) -> Float[Tensor, " edges"]:
        """Squared distance between the ends of every edge, in the caller's order of the edges."""
        present = eigenvectors.masked_fill(eigenvectors.isnan(), 0.0)
        return squared_distances(self.linear(self.raw_norm(present)), edges)


@final
class DistanceGate(nn.Module):
    r"""Logit of the share of a message that passes.

    .. math:: m_{ji} = w_2 \cdot a\bigl(w_1 \|p_i - p_j\|^2 + b_1\bigr) + b_2

    Source: Wang et al. 2022, arXiv:2203.00199 (PEG); widths as in Rampášek et al. 2022,
    arXiv:2205.12454.
    """

    def __init__(self, hidden: int, activation: Activation = "relu"):
        super().__init__()
        self.mlp = MLP([1, hidden, 1], activation)

    def forward(self, distance: Float[Tensor, " edges"]) -> Float[Tensor, "edges 1"]:
        """One logit per edge."""
        return self.mlp(distance.unsqueeze(1))


def squared_distances(
    positions: Float[Tensor, "nodes dim"], pattern: SparsePattern
) -> Float[Tensor, " edges"]:
    """Squared distance between the ends of every edge, in the caller's order of the edges."""
    by_source = pattern.transposed
    target = segment_broadcast(positions, pattern.row_ptr, pattern.edge)
    source = segment_broadcast(positions, by_source.row_ptr, by_source.edge)
    return (target - source).square().sum(dim=-1)
