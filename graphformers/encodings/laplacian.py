"""Laplacian positional encoding: the smoothest eigenvectors of every graph."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, final, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch

Normalization = Literal["none", "sym", "rw"]

ENTRIES_AT_A_TIME = 1 << 22  # of all the dense matrices that are decomposed together


@final
@dataclass(frozen=True, kw_only=True)
class LaplacianEigenvectors:
    r"""Eigenvectors of the smallest eigenvalues of the Laplacian, the trivial one included.

    .. math:: L = D - A, \qquad L_\mathrm{sym} = I - D^{-1/2} A D^{-1/2}, \qquad
              L_\mathrm{rw} = I - D^{-1} A

    Edges count in both directions, self-loops do not count. Eigenvectors have length 1; negative
    eigenvalues, which only rounding makes, become 0. Graphs with fewer nodes than ``count`` have
    NaN in the columns they lack. Signs, and the basis inside a repeated eigenvalue, are arbitrary.

    ``double`` decomposes in float64; the result is float32 either way.

    Source: Dwivedi et al. 2020, arXiv:2003.00982; details as in Rampášek et al. 2022,
    arXiv:2205.12454. Ours gives the true eigenvectors of :math:`L_\mathrm{rw}`, which is not
    symmetric: those of :math:`L_\mathrm{sym}` times :math:`D^{-1/2}`.
    """

    count: int
    normalization: Normalization = "none"
    double: bool = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigError(f"count must be at least 1; got {self.count}")
        if self.normalization not in get_args(Normalization):
            raise ConfigError(f"normalization must be none, sym or rw; got {self.normalization!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """``("eigenvectors", "eigenvalues")``."""
        return ("eigenvectors", "eigenvalues")

    @property
    def channels(self) -> int:
        """``count``."""
        return self.count

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """Both (nodes, count), float32; the eigenvalues are repeated on every node of a graph."""
        vectors = torch.full((graphs.num_nodes, self.count), torch.nan, device=graphs.ptr.device)
        values = vectors.clone()
        for chosen in _equal_sizes(graphs.ptr):
            adjacency = _adjacency(graphs.select(chosen))
            if self.double:
                adjacency = adjacency.double()
            eigenvalues, eigenvectors = smallest_eigenpairs(
                adjacency, self.count, self.normalization
            )
            size, kept = eigenvectors.shape[1:]
            nodes = graphs.ptr[chosen].unsqueeze(1) + torch.arange(size).to(chosen)
            vectors[nodes, :kept] = eigenvectors.float()
            values[nodes, :kept] = eigenvalues.unsqueeze(1).float()
        return {"eigenvectors": vectors, "eigenvalues": values}


def smallest_eigenpairs(
    adjacency: Float[Tensor, "graphs size size"], count: int, normalization: Normalization
) -> tuple[Float[Tensor, "graphs kept"], Float[Tensor, "graphs size kept"]]:
    """Eigenvalues in ascending order and eigenvectors (columns) of symmetric adjacency matrices.

    ``kept`` is ``count``, or ``size`` where the graphs are smaller.
    """
    degree = adjacency.sum(dim=-1)
    shrink = degree.rsqrt().masked_fill(degree == 0, 0.0)
    if normalization == "none":
        laplacian = torch.diag_embed(degree) - adjacency
    else:
        identity = torch.eye(degree.shape[-1]).to(adjacency)
        laplacian = identity - shrink.unsqueeze(-1) * adjacency * shrink.unsqueeze(-2)
    values, vectors = torch.linalg.eigh(laplacian)
    values, vectors = values[:, :count].clamp(min=0.0), vectors[:, :, :count]
    if normalization == "rw":
        vectors = vectors * shrink.masked_fill(degree == 0, 1.0).unsqueeze(-1)
    return values, F.normalize(vectors, dim=1)


def _adjacency(graphs: GraphBatch) -> Float[Tensor, "graphs size size"]:
    """Dense symmetric adjacency of graphs of one size: the larger count of the two directions."""
    size = graphs.num_nodes // len(graphs)
    source, target = graphs.edge_index
    graph = graphs.edge_graph
    counts = torch.zeros(len(graphs), size, size, device=source.device)
    ones = torch.ones(source.shape[0], device=source.device)
    counts.index_put_((graph, source % size, target % size), ones, accumulate=True)
    counts.diagonal(dim1=1, dim2=2).zero_()
    return torch.maximum(counts, counts.mT)


def _equal_sizes(ptr: Int[Tensor, " graphs_plus_1"]) -> Iterator[Int[Tensor, " chosen"]]:
    """Graphs grouped by their number of nodes, as many at a time as memory should hold."""
    sizes = ptr.diff()
    for size in sizes.unique().tolist():
        if size > 0:
            chosen = (sizes == size).nonzero().squeeze(1)
            yield from chosen.split(max(1, ENTRIES_AT_A_TIME // size**2))
