"""How many edges enter and leave every node."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from jaxtyping import Int
from torch import Tensor

from graphformers.graph_batch import GraphBatch


@final
@dataclass(frozen=True, kw_only=True)
class Degree:
    r"""In-degree, out-degree, and the logarithm of one more than the out-degree.

    .. math:: d^\mathrm{in}_i = \sum_j A_{ji}, \qquad d^\mathrm{out}_i = \sum_j A_{ij}, \qquad
              l_i = \log(1 + d^\mathrm{out}_i)

    :math:`A_{ij}` is the number of edges from :math:`i` to :math:`j`: parallel edges add up, a
    self-loop counts once each way.

    Source: degrees for an embedding, Ying et al. 2021, arXiv:2106.05234, eq. 5; the logarithm for
    a degree scaler, Ma et al. 2023, arXiv:2305.17589 (``log_deg`` in the authors' repository).
    """

    @property
    def names(self) -> tuple[str, ...]:
        """``("in_degree", "out_degree", "log_degree")``."""
        return ("in_degree", "out_degree", "log_degree")

    @property
    def channels(self) -> int:
        """One."""
        return 1

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """Each (nodes, 1): the degrees int64, the logarithm float32."""
        source, target = graphs.edge_index
        incoming, outgoing = (_counts(ends, graphs.num_nodes) for ends in (target, source))
        return {
            "in_degree": incoming,
            "out_degree": outgoing,
            "log_degree": outgoing.float().log1p(),
        }


def _counts(ends: Int[Tensor, " edges"], nodes: int) -> Int[Tensor, "nodes 1"]:
    return ends.new_zeros(nodes).index_add_(0, ends, ends.new_ones(ends.shape)).unsqueeze(1)
