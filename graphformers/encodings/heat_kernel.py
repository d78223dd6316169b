"""Heat that stays at a node."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.encodings.dense_graphs import equal_sizes, symmetric_adjacency
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch

ZERO = 1e-8  # eigenvalues up to it are the trivial ones


@final
@dataclass(frozen=True, kw_only=True)
class HeatKernel:
    r"""Diagonal of the heat kernel at several times, without its constant part: ``"heat_kernel"``.

    .. math:: h_{it} = \sum_{k:\, \lambda_k > 10^{-8}} e^{-t \lambda_k} \varphi_{ik}^2,
              \qquad (D - A)\, \varphi_k = \lambda_k \varphi_k, \quad \|\varphi_k\| = 1

    Edges count in both directions, self-loops do not count. A node without edges gets zeros.

    Source: ``HKdiagSE`` in the repository of Rampášek et al. 2022, arXiv:2205.12454, after
    Mialon et al. 2021, arXiv:2106.05667. Ours decomposes in float64: in their float32 the trivial
    eigenvalues are on either side of the threshold.
    """

    times: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.times or min(self.times) < 0:
            raise ConfigError(f"times must be one or more numbers, none negative; got {self.times}")

    @property
    def names(self) -> tuple[str, ...]:
        """``("heat_kernel",)``."""
        return ("heat_kernel",)

    @property
    def channels(self) -> int:
        """As many as ``times``."""
        return len(self.times)

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """``"heat_kernel"`` (nodes, times), float32."""
        heat = torch.empty(graphs.num_nodes, self.channels, device=graphs.ptr.device)
        for alike, nodes in equal_sizes(graphs):
            heat[nodes] = self._of_equal_sizes(symmetric_adjacency(alike).double()).float()
        return {"heat_kernel": heat}

    def _of_equal_sizes(
        self, adjacency: Float[Tensor, "graphs size size"]
    ) -> Float[Tensor, "graphs size times"]:
        laplacian = torch.diag_embed(adjacency.sum(-1)) - adjacency
        values, vectors = torch.linalg.eigh(laplacian)
        times = torch.tensor(self.times, dtype=values.dtype, device=values.device)
        left = torch.exp(-values.unsqueeze(-1) * times).masked_fill((values <= ZERO)[..., None], 0)
        return vectors.square() @ left
