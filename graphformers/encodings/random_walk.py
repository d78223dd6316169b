"""Random-walk structural encoding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import random_walk_probabilities


@final
@dataclass(frozen=True, kw_only=True)
class RandomWalk:
    r"""Probability that a random walk is back at its start after 1, 2, ... steps: ``"rwse"``.

    .. math:: r_{ik} = (P^k)_{ii}, \qquad P = D^{-1} A, \quad k = 1, \dots, K

    ``D`` is the out-degree, parallel edges add up, and a node without edges gets zeros.

    Source: Dwivedi et al. 2022, arXiv:2110.07875.
    """

    steps: int

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"a random walk needs at least one step; got {self.steps}")

    @property
    def names(self) -> tuple[str, ...]:
        """``("rwse",)``."""
        return ("rwse",)

    @property
    def channels(self) -> int:
        """``steps``."""
        return self.steps

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """``"rwse"`` (nodes, steps), float32."""
        return {"rwse": random_walk_probabilities(graphs.edge_index, graphs.ptr, self.steps)}
