"""Networks that read Laplacian eigenvectors."""

from abc import ABC, abstractmethod
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from graphformers.layers.mlp import encoder_mlp
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.random_signs import random_signs


class FrequencyNetwork(nn.Module, ABC):
    """Reads the pairs (eigenvector entry, eigenvalue) of a node, one vector per frequency."""

    @abstractmethod
    def forward(
        self, pairs: Float[Tensor, "nodes frequencies 2"], absent: Bool[Tensor, "nodes frequencies"]
    ) -> Float[Tensor, "nodes frequencies dim"]:
        """Vector of every frequency; what it says about an absent one is ignored."""


@final
class FrequencyMLP(FrequencyNetwork):
    """The same MLP for every frequency (a deep set when summed); ReLU after every layer."""

    def __init__(self, dim: int, *, layers: int = 2):
        super().__init__()
        self.mlp = encoder_mlp(2, dim, layers)

    def forward(
        self, pairs: Float[Tensor, "nodes frequencies 2"], absent: Bool[Tensor, "nodes frequencies"]
    ) -> Float[Tensor, "nodes frequencies dim"]:
        """Each frequency by itself."""
        return self.mlp(pairs)


@final
class FrequencyTransformer(FrequencyNetwork):
    """A linear map, then a transformer encoder over the frequencies of each node.

    Feed-forward width 2048, dropout 0.1, normalisation after the residual.
    """

    def __init__(self, dim: int, *, layers: int = 1, heads: int = 4):
        super().__init__()
        self.widen = nn.Linear(2, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(
        self, pairs: Float[Tensor, "nodes frequencies 2"], absent: Bool[Tensor, "nodes frequencies"]
    ) -> Float[Tensor, "nodes frequencies dim"]:
        """Frequencies attend to those that are present."""
        return self.transformer(self.widen(pairs), src_key_padding_mask=absent)


@final
class EigenvectorEncoder(nn.Module):
    r"""Laplacian eigenvectors to node features, indifferent to which frequencies are missing.

    .. math:: y_i = g\Bigl(\sum_k f(v_{ik}, \lambda_k)\Bigr)

    NaN marks a frequency that a small graph does not have: it contributes zero. The sign of an
    eigenvector is arbitrary, so training multiplies each by a random sign, drawn for every graph,
    or once for the whole batch (``flip_per_graph=False``, as the authors do).
    ``raw_norm`` batch-normalises each frequency, entry and eigenvalue together, padding included.
    ``post_layers`` is the depth of :math:`g`; 0 leaves it out.

    Source: Kreuzer et al. 2021, arXiv:2106.03893; Rampášek et al. 2022, arXiv:2205.12454.
    """

    def __init__(
        self,
        network: FrequencyNetwork,
        frequencies: int,
        dim: int,
        *,
        post_layers: int = 0,
        raw_norm: bool = False,
        flip_per_graph: bool = True,
    ):
        super().__init__()
        self.frequencies = frequencies
        self.network = network
        self.raw_norm = BatchNorm(frequencies) if raw_norm else nn.Identity()
        self.post = encoder_mlp(dim, dim, post_layers) if post_layers else nn.Identity()
        self.flip_per_graph = flip_per_graph

    def forward(
        self,
        eigenvectors: Float[Tensor, "nodes frequencies"],
        eigenvalues: Float[Tensor, "nodes frequencies"],
        ptr: Int[Tensor, " graphs_plus_1"],
    ) -> Float[Tensor, "nodes dim"]:
        """Encode every node; ``eigenvalues`` are repeated on every node of their graph."""
        absent = eigenvectors.isnan()
        if self.training:
            signs = random_signs(eigenvectors, ptr, per_graph=self.flip_per_graph)
            eigenvectors = eigenvectors * signs
        pairs = torch.stack([eigenvectors, eigenvalues], dim=-1)
        pairs = self.raw_norm(pairs.masked_fill(pairs.isnan(), 0.0))
        encoded = self.network(pairs, absent).masked_fill(absent.unsqueeze(-1), 0.0)
        return self.post(encoded.sum(dim=1))
