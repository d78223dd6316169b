"""The random walk of a batch of graphs, and its powers without a kernel of their own."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.validation import check_graphs

_SLAB_ENTRIES = 1 << 22  # walks kept at once: 32 MB


class Transition(NamedTuple):
    """One step of a random walk: along any of the edges that leave a node, with equal chances."""

    leaving: SparsePattern  # row i: the nodes a walk at i may step to
    degree: Tensor  # (nodes,) float64
    first: Tensor  # (nodes,) first node of the graph of every node
    sizes: Tensor  # (graphs,)

    @property
    def nodes(self) -> int:
        """Number of nodes of all graphs."""
        return self.leaving.num_targets

    @property
    def share(self) -> Tensor:
        """(nodes,) chance of every edge that leaves a node, 0 where none does."""
        return self.degree.reciprocal().masked_fill(self.degree == 0, 0.0)


def transition(edge_index: Tensor, ptr: Tensor) -> Transition:
    """Check a batch of graphs and group its edges by where they start."""
    graph = check_graphs(edge_index, ptr)
    nodes = graph.shape[0]
    leaving = SparsePattern.from_edge_index(
        edge_index.flip(0), num_targets=nodes, num_sources=nodes
    )
    degree = leaving.row_ptr.diff().to(torch.float64)
    return Transition(leaving, degree, ptr[graph], ptr.diff())


def powers_on_pairs(walk: Transition, start: Tensor, end: Tensor, steps: int) -> Tensor:
    """(P^k)_ij for pairs of nodes i = ``start``, j = ``end``: (pairs, steps + 1), float64.

    Takes a slab of columns of the powers at a time. Entry (i, c) of a power belongs to node i and
    the c-th node of its graph, so that the next power is a mean over the edges leaving i.
    """
    out = torch.zeros(start.shape[0], steps + 1, dtype=torch.float64, device=start.device)
    inside = walk.first[start] == walk.first[end]
    own = torch.arange(walk.nodes, device=start.device) - walk.first
    for lowest, width in _slabs(walk):
        column = own[end] - lowest
        chosen = (inside & (column >= 0) & (column < width)).nonzero().squeeze(1)
        rows, columns = start[chosen], column[chosen]
        for step, power in enumerate(_powers(walk, own - lowest, width, steps)):
            out[chosen, step] = power[rows, columns]
    return out


def _slabs(walk: Transition) -> Iterator[tuple[int, int]]:
    """First column and width of every slab."""
    longest = int(walk.sizes.max()) if walk.sizes.shape[0] else 0
    fitting = max(8, _SLAB_ENTRIES // max(walk.nodes, 1) // 8 * 8)
    width = max(1, min(-(-longest // 8) * 8, fitting))
    for lowest in range(0, longest, width):
        yield lowest, width


def _powers(walk: Transition, own: Tensor, width: int, steps: int) -> Iterator[Tensor]:
    """Columns 0 to ``width`` of I, P, P^2, ...; ``own`` is the column of every node itself."""
    inside = ((own >= 0) & (own < width)).nonzero().squeeze(1)
    power = torch.zeros(walk.nodes, width, dtype=torch.float64, device=own.device)
    power[inside, own[inside]] = 1
    yield power
    leaving = walk.leaving
    ends, chances = torch.stack([leaving.target, leaving.source]), walk.share[leaving.target]
    one_step = torch.sparse_coo_tensor(
        ends, chances, (walk.nodes, walk.nodes), check_invariants=True
    ).coalesce()
    for _ in range(steps):
        power = torch.sparse.mm(one_step, power)
        yield power
