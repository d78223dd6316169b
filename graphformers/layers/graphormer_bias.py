"""Attention biases from shortest paths, and node features from degrees."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern
from graphformers.layers.categorical import CategoricalEmbedding

INITIAL_SCALE = 0.02


@final
class DegreeEmbedding(nn.Module):
    r"""A vector for the number of edges into a node and one for that out of it, summed.

    .. math:: y_i = T^\mathrm{in}[d^\mathrm{in}_i] + T^\mathrm{out}[d^\mathrm{out}_i]

    Degrees lie below ``incoming`` and ``outgoing``; parallel edges add up.

    Source: Ying et al. 2021, arXiv:2106.05234, eq. 5.
    """

    def __init__(self, incoming: int, outgoing: int, dim: int):
        super().__init__()
        self.embedding = CategoricalEmbedding((incoming, outgoing), dim)
        nn.init.normal_(self.embedding.tables, std=INITIAL_SCALE)

    def forward(self, edges: SparsePattern) -> Float[Tensor, "nodes dim"]:
        """Encode every node; raises ``DataError`` for a degree outside its table."""
        degrees = (edges.row_ptr.diff(), edges.transposed.row_ptr.diff())
        return self.embedding(torch.stack(degrees, dim=1))


@final
class DistanceBias(nn.Module):
    r"""One learned bias per head for every number of steps between two nodes.

    .. math:: b_{ij} = t[\min(d(i, j), D - 1)]

    with one more entry, the last, for pairs without a path. ``distances`` is :math:`D`.

    Source: Ying et al. 2021, arXiv:2106.05234, section 3.1.2.
    """

    def __init__(self, distances: int, heads: int):
        super().__init__()
        if distances < 2 or heads < 1:
            raise ConfigError(
                f"need at least 2 distances and 1 head; got distances {distances}, heads {heads}"
            )
        self.table = nn.Parameter(torch.empty(distances + 1, heads))
        nn.init.normal_(self.table, std=INITIAL_SCALE)

    def forward(self, hops: Int[Tensor, " pairs"]) -> Float[Tensor, "pairs heads"]:
        """Look up; ``hops`` is that of ``ShortestPaths(max_distance=distances - 1)``."""
        return F.embedding(hops, self.table)


@final
class PathBias(nn.Module):
    r"""A bias per head from the features of the edges along a shortest path.

    .. math:: b_{ij} = \frac{1}{\max(h_{ij}, 1)} \sum_{p=0}^{D-2} e_{p(ij)}\, W_p

    with the features :math:`e` of the edge at place :math:`p` of the path, one per head, and the
    number of steps :math:`h` as ``DistanceBias`` reads it. Places after the end of a path add
    nothing; with ``unused`` they add the feature of such a place, and so does place :math:`D - 1`,
    which no path reaches: published models were trained that way.

    Source: Ying et al. 2021, arXiv:2106.05234, eq. 7, with a matrix in place of a vector as in the
    first release of its program.
    """

    def __init__(self, distances: int, heads: int):
        super().__init__()
        self.maps = nn.Parameter(torch.empty(distances, heads, heads))
        nn.init.normal_(self.maps, std=INITIAL_SCALE)

    def forward(
        self,
        edge: Float[Tensor, "edges heads"],
        path: Int[Tensor, "pairs places"],
        hops: Int[Tensor, " pairs"],
        unused: Float[Tensor, " heads"] | None = None,
    ) -> Float[Tensor, "pairs heads"]:
        """Sum along every path; ``path`` holds the row of ``edge`` at each place, -1 after the end.

        One place less than there are distances: no path within reach has more edges.
        """
        places, heads = self.maps.shape[:2]
        none = self.maps.new_zeros(heads) if unused is None else unused
        table = torch.einsum("eh,phk->epk", torch.cat([edge, none[None]]), self.maps).flatten(0, 1)
        path = F.pad(path, (0, places - path.shape[1]), value=-1)
        row = path.masked_fill(path < 0, edge.shape[0])
        index = row * places + torch.arange(places, device=path.device)
        return F.embedding_bag(index, table, mode="sum") / hops.clamp(min=1).unsqueeze(1)
