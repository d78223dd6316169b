"""Laplacian positional encoding: the smoothest eigenvectors of every graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import final, get_args

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse import csc_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from graphformers.encodings.components import merge_eigenpairs, split_components
from graphformers.encodings.dense_graphs import edge_counts, equal_sizes, symmetric_adjacency
from graphformers.encodings.eigenpairs import (
    Normalization,
    of_random_walk,
    smallest_directed_eigenpairs,
    smallest_eigenpairs,
)
from graphformers.encodings.sparse_eigenpairs import sparse_eigenpairs
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch


@final
@dataclass(frozen=True, kw_only=True)
class LaplacianEigenvectors:
    r"""Eigenvectors of the smallest eigenvalues of the Laplacian, in ascending order.

    .. math:: L = D - A, \qquad L_\mathrm{sym} = I - D^{-1/2} A D^{-1/2}, \qquad
              L_\mathrm{rw} = I - D^{-1} A

    Edges count in both directions, self-loops do not count. ``"in_degree"`` takes the edges as
    given instead, :math:`A_{ij}` of them from :math:`j` to :math:`i`, self-loops included:

    .. math:: L_\mathrm{in} = I - \hat D^{-1/2} A \hat D^{-1/2}, \qquad
              \hat D_{ii} = \max\bigl(1, \textstyle\sum_j A_{ij}\bigr)

    with the real parts where :math:`A` is not symmetric, sorted by that of the eigenvalue.

    ``drop_first`` leaves out the first eigenvector, which is trivial, and gives the ``count`` next
    ones; a graph in several parts has more trivial ones. Eigenvectors have length 1; negative
    eigenvalues of a symmetric matrix, which only rounding makes, become 0. Graphs with too few
    nodes have NaN in the columns they lack. Signs, and the basis inside a repeated eigenvalue, are
    arbitrary.

    Two settings say how, not what, and are not compared. ``double`` decomposes dense matrices in
    float64; the result is float32 either way. Graphs of more than ``dense_nodes`` nodes are taken
    apart into connected components, and components of more than ``dense_nodes`` nodes get a sparse
    solver in float64, unless they are directed, much of their spectrum is asked for, or the
    solver fails.

    Raises ``DataError`` for graphs that need a dense matrix and are too large for it.

    Source: Dwivedi et al. 2020, arXiv:2003.00982; details as in Rampášek et al. 2022,
    arXiv:2205.12454. Ours gives the true eigenvectors of :math:`L_\mathrm{rw}`, which is not
    symmetric: those of :math:`L_\mathrm{sym}` times :math:`D^{-1/2}`. In-degrees without the first
    eigenvector: Dwivedi and Bresson 2020, arXiv:2012.09699.
    """

    count: int
    normalization: Normalization = "none"
    drop_first: bool = False
    double: bool = field(default=False, compare=False)
    dense_nodes: int = field(default=500, compare=False)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigError(f"count must be at least 1; got {self.count}")
        if self.dense_nodes < 1:
            raise ConfigError(f"dense_nodes must be at least 1; got {self.dense_nodes}")
        if self.normalization not in get_args(Normalization):
            known = ", ".join(get_args(Normalization))
            raise ConfigError(f"normalization must be one of {known}; got {self.normalization!r}")

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
        shape = (graphs.num_nodes, self.count + self.drop_first)
        vectors = torch.full(shape, torch.nan, device=graphs.ptr.device)
        values = vectors.clone()
        sizes = graphs.ptr.diff()
        small = (sizes <= self.dense_nodes).nonzero().squeeze(1)
        self._fill_dense_(values, vectors, graphs, small)
        for graph in (sizes > self.dense_nodes).nonzero().flatten().tolist():
            nodes = slice(int(graphs.ptr[graph]), int(graphs.ptr[graph + 1]))
            values[nodes], vectors[nodes] = self._of_large_graph(graphs.select([graph]))
        first = int(self.drop_first)
        return {"eigenvectors": vectors[:, first:], "eigenvalues": values[:, first:]}

    def _fill_dense_(
        self, values: Tensor, vectors: Tensor, graphs: GraphBatch, chosen: Tensor
    ) -> None:
        for alike, nodes in equal_sizes(graphs, chosen):
            directed = self.normalization == "in_degree"
            adjacency = edge_counts(alike).mT if directed else symmetric_adjacency(alike)
            symmetric = (adjacency == adjacency.mT).flatten(1).all(1)
            for rows in (symmetric.nonzero().squeeze(1), (~symmetric).nonzero().squeeze(1)):
                if rows.shape[0] > 0:
                    found = self._decomposed(adjacency[rows], bool(symmetric[rows[0]]))
                    kept = found[0].shape[1]
                    values[nodes[rows], :kept] = found[0].unsqueeze(1)
                    vectors[nodes[rows], :kept] = found[1]

    def _decomposed(self, adjacency: Tensor, symmetric: bool) -> tuple[Tensor, Tensor]:
        count = self.count + self.drop_first
        adjacency = adjacency.double() if self.double else adjacency
        if symmetric:
            values, vectors = smallest_eigenpairs(adjacency, count, self.normalization)
        else:
            values, vectors = smallest_directed_eigenpairs(adjacency, count)
        return values.float(), vectors.float()

    def _of_large_graph(
        self, graph: GraphBatch
    ) -> tuple[Float[Tensor, " count"], Float[Tensor, "nodes count"]]:
        """Eigenpairs of a single graph, the first included, put together from its components."""
        adjacency = self._sparse_adjacency(graph)
        if (adjacency != adjacency.T).nnz > 0:
            return self._of_dense_graph(graph)
        number, labels = connected_components(adjacency, directed=False)
        if number == 1:
            return self._of_connected_graph(graph, adjacency)
        parts = split_components(graph, torch.from_numpy(labels).to(graph.ptr))
        inner = replace(self, count=self.count + self.drop_first, drop_first=False)
        found = inner.compute(parts.graphs)
        return merge_eigenpairs(parts, found["eigenvalues"], found["eigenvectors"])

    def _of_connected_graph(
        self, graph: GraphBatch, adjacency: csc_array
    ) -> tuple[Float[Tensor, " count"], Float[Tensor, "nodes count"]]:
        count = self.count + self.drop_first
        few = count <= graph.num_nodes // 4
        found = sparse_eigenpairs(adjacency, count, self.normalization) if few else None
        if found is None:
            return self._of_dense_graph(graph)
        values, vectors = found
        if self.normalization == "rw":
            vectors = of_random_walk(vectors, torch.from_numpy(adjacency.sum(axis=0)))
        device = graph.ptr.device
        return values.float().to(device), vectors.float().to(device)

    def _of_dense_graph(
        self, graph: GraphBatch
    ) -> tuple[Float[Tensor, " count"], Float[Tensor, "nodes count"]]:
        shape = (graph.num_nodes, self.count + self.drop_first)
        vectors = torch.full(shape, torch.nan, device=graph.ptr.device)
        values = vectors.clone()
        self._fill_dense_(values, vectors, graph, torch.zeros_like(graph.ptr[:1]))
        return values[0], vectors

    def _sparse_adjacency(self, graph: GraphBatch) -> csc_array:
        """[target, source], made symmetric as the normalization says."""
        source, target = graph.edge_index.cpu().numpy()
        shape = (graph.num_nodes, graph.num_nodes)
        counts = csc_array((np.ones(len(source)), (target, source)), shape=shape)
        if self.normalization == "in_degree":
            return counts
        counts.setdiag(0.0)
        counts.eliminate_zeros()
        return csc_array(counts.maximum(counts.T))
