"""How large the graph of a node is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor

from graphformers.graph_batch import GraphBatch


@final
@dataclass(frozen=True, kw_only=True)
class GraphSize:
    r"""Logarithm of one more than the number of nodes of a node's graph: ``"log_size"``.

    .. math:: s_i = \log(1 + n)

    Source: Ma et al. 2025, arXiv:2504.12588 (``log_order`` in the authors' repository).
    """

    @property
    def names(self) -> tuple[str, ...]:
        """``("log_size",)``."""
        return ("log_size",)

    @property
    def channels(self) -> int:
        """One."""
        return 1

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """``"log_size"`` (nodes, 1), float32."""
        return {"log_size": graphs.ptr.diff().float().log1p()[graphs.batch].unsqueeze(1)}
