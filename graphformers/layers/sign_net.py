"""Networks that read eigenvectors whatever their signs."""

from itertools import pairwise
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern, segment_reduce
from graphformers.layers.normalization import BatchNorm


@final
class SignNet(nn.Module):
    r"""Laplacian eigenvectors to node features, the same for :math:`v` and :math:`-v`.

    .. math:: y = \rho\bigl(\{\phi(v_k) + \phi(-v_k)\}_k\bigr)

    :math:`\phi` is a graph isomorphism network along the edges of the graph, of at least two layers
    and of width ``hidden``, to ``phi_dim`` channels per frequency. :math:`\rho` is a perceptron of
    ``post_layers`` layers and width ``hidden``: on all frequencies side by side, or, with
    ``summed``, on the sum over the frequencies that a graph has. Side by side, a frequency that a
    small graph lacks (NaN) enters as a vector of zeros. Eigenvalues are not read.

    Source: Lim et al. 2022, arXiv:2202.13013, as used by Rampášek et al. 2022, arXiv:2205.12454.
    """

    def __init__(
        self,
        frequencies: int,
        dim: int,
        *,
        layers: int = 3,
        post_layers: int = 2,
        hidden: int = 64,
        phi_dim: int = 4,
        summed: bool = False,
    ):
        super().__init__()
        if layers < 1 or post_layers < 1:
            raise ConfigError(
                "SignNet needs at least one layer in each part; "
                f"got layers {layers}, post_layers {post_layers}"
            )
        self.frequencies = frequencies
        self.summed = summed
        self.phi = FrequencyGIN([1, *[hidden] * max(layers - 1, 1), phi_dim], hidden)
        width = phi_dim if summed else frequencies * phi_dim
        self.rho = NormalizedMLP([width, *[hidden] * (post_layers - 1), dim])

    def forward(
        self, eigenvectors: Float[Tensor, "nodes frequencies"], edges: SparsePattern
    ) -> Float[Tensor, "nodes dim"]:
        """Encode every node."""
        absent = eigenvectors.isnan().unsqueeze(-1)
        columns = eigenvectors.unsqueeze(-1).masked_fill(absent, 0.0)
        encoded = self.phi(columns, edges) + self.phi(-columns, edges)
        if self.summed:
            return self.rho(encoded.masked_fill(absent, 0.0).sum(dim=1))
        return self.rho(encoded.flatten(1))


@final
class FrequencyGIN(nn.Module):
    r"""Graph isomorphism network that treats every frequency by itself.

    .. math:: h_l = \mathrm{MLP}_l\Bigl((1 + \epsilon)\, \bar h_{l-1,i}
              + \sum_{j \to i} \bar h_{l-1,j}\Bigr), \qquad \bar h_l = \mathrm{BN}(h_l)

    with :math:`\bar h_0 = h_0`, :math:`\epsilon = 0`, not trained, and two layers in each MLP.
    """

    epsilons: Tensor

    def __init__(self, widths: list[int], hidden: int):
        super().__init__()
        self.updates = nn.ModuleList(
            NormalizedMLP([width, hidden, following]) for width, following in pairwise(widths)
        )
        self.norms = nn.ModuleList(BatchNorm(width) for width in widths[1:-1])
        self.register_buffer("epsilons", torch.zeros(len(self.updates)))

    def forward(
        self, x: Float[Tensor, "nodes frequencies dim"], edges: SparsePattern
    ) -> Float[Tensor, "nodes frequencies out"]:
        """Pass messages along ``edges``."""
        for number, update in enumerate(self.updates):
            if number:
                x = over_rows(self.norms[number - 1], x)
            received = segment_reduce(x.index_select(0, edges.source), edges.row_ptr)
            x = update((1 + self.epsilons[number]) * x + received)
        return x


@final
class NormalizedMLP(nn.Module):
    r"""Linear layers, with ReLU and then batch normalisation between them.

    .. math:: y = W_n\, \mathrm{BN}(\mathrm{ReLU}(W_{n-1} \cdots \mathrm{BN}(\mathrm{ReLU}(W_1 x))))
    """

    def __init__(self, widths: list[int]):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(width, following) for width, following in pairwise(widths)
        )
        self.norms = nn.ModuleList(BatchNorm(width) for width in widths[1:-1])

    def forward(self, x: Float[Tensor, "... dim"]) -> Float[Tensor, "... out"]:
        """Apply to the last axis; the statistics run over all others."""
        for layer, norm in zip(self.layers, self.norms, strict=False):
            x = over_rows(norm, F.relu(layer(x)))
        return self.layers[-1](x)


def over_rows(norm: nn.Module, x: Float[Tensor, "*rows dim"]) -> Float[Tensor, "*rows dim"]:
    """Normalise the last axis over all others."""
    return norm(x.flatten(0, -2)).view_as(x)
