"""Sampling hop by hop: the one loop behind every kind of sample."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.randomness import child
from graphformers.kernels.sampling.graph import CSRGraph, check_axis
from graphformers.kernels.sampling.neighbors.hop import Frontier, PickedEdges, pick_neighbors
from graphformers.kernels.sampling.neighbors.sample import (
    EdgeType,
    HeterogeneousSample,
    HeterogeneousTimeLimit,
)
from graphformers.kernels.sampling.numbering.op import Numbering


def sample_heterogeneous_neighbors(
    graphs: Mapping[EdgeType, CSRGraph],
    seeds: Mapping[str, Int[Tensor, " seeds"]],
    fanouts: Mapping[EdgeType, Sequence[int]] | Sequence[int],
    *,
    replace: bool = False,
    disjoint: bool = False,
    time: HeterogeneousTimeLimit | None = None,
    seed: int = 0,
) -> HeterogeneousSample:
    """Sample around seeds of several types along edges of several types.

    ``graphs`` gives the edges of a type (kind of source, relation, kind of target); in every hop
    each of them is sampled for the nodes its rows belong to that were new in the hop before, with
    the same meaning of fanouts, replacement, weights and time as in ``sample_neighbors``. One list
    of fanouts serves all types. ``disjoint``, or a time, gives every seed a subgraph of its own;
    seeds are counted type by type, in the order of ``seeds``.
    """
    hops = _Hops(graphs, seeds, disjoint=disjoint or time is not None, time=time)
    for hop, fanout_of in enumerate(_fanouts_per_hop(graphs, fanouts)):
        hops.advance(fanout_of, replace=replace, seed=child(seed, hop))
    return hops.sample()


class _Hops:
    """A sample as it grows."""

    def __init__(
        self,
        graphs: Mapping[EdgeType, CSRGraph],
        seeds: Mapping[str, Tensor],
        *,
        disjoint: bool,
        time: HeterogeneousTimeLimit | None,
    ):
        self.graphs = graphs
        self.node_time = {} if time is None else time.nodes
        sizes = _node_counts(graphs, seeds)
        self.numberings = {k: Numbering(n, with_trees=disjoint) for k, n in sizes.items()}
        self.disjoint = disjoint
        self.latest = _latest(seeds, time, sizes) if time is not None else None
        self._start(seeds)
        self.reached = {kind: [0, len(one)] for kind, one in self.numberings.items()}
        self.picked = {kind: PickedEdges(graph) for kind, graph in graphs.items()}

    def _start(self, seeds: Mapping[str, Tensor]) -> None:
        first = 0
        for kind, nodes in seeds.items():
            check_axis("seeds", nodes.contiguous(), (torch.int64,))
            trees = torch.arange(first, first + nodes.shape[0]) if self.disjoint else None
            self.numberings[kind].add_(
                nodes.clone(memory_format=torch.contiguous_format), trees, "seeds"
            )
            first += nodes.shape[0]
            if len(self.numberings[kind]) != nodes.shape[0]:
                raise ShapeError("seeds must differ, unless every seed has a subgraph of its own")

    def advance(self, fanout_of: Mapping[EdgeType, int], *, replace: bool, seed: int) -> None:
        """Sample the rows of the nodes that were new in the hop before."""
        for number, (kind, graph) in enumerate(self.graphs.items()):
            rows_kind, other_kind = (
                (kind[2], kind[0]) if graph.direction == "in" else (kind[0], kind[2])
            )
            neighbors, targets = pick_neighbors(
                graph,
                self.node_time.get(other_kind),
                self._frontier(rows_kind),
                fanout_of[kind],
                self.picked[kind],
                replace=replace,
                seed=child(seed, number),
            )
            trees = self.numberings[rows_kind].trees
            trees = None if trees is None else trees.index_select(0, targets)
            self.numberings[other_kind].add_(neighbors, trees, "indices")
        for kind, numbering in self.numberings.items():
            self.reached[kind].append(len(numbering))

    def _frontier(self, kind: str) -> Frontier:
        first, last = self.reached[kind][-2:]
        numbering = self.numberings[kind]
        trees = None if numbering.trees is None else numbering.trees[first:last]
        latest = None if self.latest is None or trees is None else self.latest[trees]
        return Frontier(numbering.nodes[first:last], trees, latest, first)

    def sample(self) -> HeterogeneousSample:
        """What has been sampled."""
        kinds, picked = self.numberings.items(), self.picked.items()
        return HeterogeneousSample(
            nodes={kind: one.nodes for kind, one in kinds},
            edge_index={kind: one.ends for kind, one in picked},
            edges={kind: one.positions for kind, one in picked},
            nodes_per_hop={kind: np.diff(self.reached[kind]).tolist() for kind, _ in kinds},
            edges_per_hop={kind: one.per_hop for kind, one in picked},
            trees={kind: one.trees for kind, one in kinds if one.trees is not None} or None,
        )


def _fanouts_per_hop(
    graphs: Mapping[EdgeType, CSRGraph], fanouts: Mapping[EdgeType, Sequence[int]] | Sequence[int]
) -> Iterator[dict[EdgeType, int]]:
    """For every hop the fanout of every type of edges."""
    of_kind = fanouts if isinstance(fanouts, Mapping) else dict.fromkeys(graphs, fanouts)
    if of_kind.keys() != graphs.keys():
        raise ShapeError(f"fanouts must be given for {list(graphs)}; got {list(of_kind)}")
    for kind, per_hop in of_kind.items():
        for fanout in per_hop:
            if not isinstance(fanout, int) or not -1 <= fanout < 2**31:
                raise ShapeError(
                    f"fanouts must be -1 (all) or counts below 2**31; got {fanout!r} for {kind}"
                )
    if len({len(per_hop) for per_hop in of_kind.values()}) > 1:
        raise ShapeError("fanouts must have the same number of hops for every type of edges")
    for hop in range(max(map(len, of_kind.values()), default=0)):
        yield {kind: per_hop[hop] for kind, per_hop in of_kind.items()}


def _node_counts(
    graphs: Mapping[EdgeType, CSRGraph], seeds: Mapping[str, Tensor]
) -> dict[str, int]:
    """How many nodes of every kind there are, by the graphs that have them at an end."""
    counts: dict[str, int] = {}
    for kind, graph in graphs.items():
        sizes = (graph.neighbor_bound, graph.num_nodes)
        ends = sizes if graph.direction == "in" else sizes[::-1]
        for name, size in zip((kind[0], kind[2]), ends, strict=True):
            if counts.setdefault(name, size) != size:
                raise ShapeError(
                    f"graphs must agree on the number of {name!r} nodes; got {counts[name]}, {size}"
                )
    for name in seeds.keys() - counts.keys():
        raise ShapeError(f"seeds must be of a type that has edges, {sorted(counts)}; got {name!r}")
    return counts


def _latest(
    seeds: Mapping[str, Tensor], time: HeterogeneousTimeLimit, sizes: Mapping[str, int]
) -> Tensor:
    """Latest time every seed may see, in the order of the seeds."""
    for name, nodes in time.nodes.items():
        check_axis("the time of nodes", nodes, (torch.int64,), sizes.get(name, len(nodes)))
    limits = []
    for name, nodes in seeds.items():
        if name not in time.seeds:
            raise ShapeError(
                f"the time of seeds must be given for {name!r}; got {sorted(time.seeds)}"
            )
        limits.append(time.seeds[name].contiguous())
        check_axis("the time of seeds", limits[-1], (torch.int64,), nodes.shape[0])
    return torch.cat(limits)
