"""What sampling returns, and from what time on it may not look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from jaxtyping import Int
from torch import Tensor

EdgeType: TypeAlias = tuple[str, str, str]  # kind of source, relation, kind of target


@dataclass(frozen=True, eq=False, kw_only=True)
class NeighborSample:
    """A sampled subgraph: the seeds, then every node in the order it was reached.

    ``nodes`` are the original numbers; ``edge_index`` (source, target) counts in positions of
    ``nodes``; ``edges`` are positions in ``indices``, so that ``graph.edge[edges]`` are the numbers
    in the list a ``CSRGraph`` was made from. ``nodes_per_hop`` starts with the seeds and counts the
    nodes new in every hop, ``edges_per_hop`` the edges picked in it; nodes and edges stand hop by
    hop. ``trees`` says to which seed's subgraph a node belongs, where they are apart.
    """

    nodes: Int[Tensor, " nodes"]
    edge_index: Int[Tensor, "2 edges"]
    edges: Int[Tensor, " edges"]
    nodes_per_hop: list[int]
    edges_per_hop: list[int]
    trees: Int[Tensor, " nodes"] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class HeterogeneousSample:
    """A sampled subgraph of several types of nodes and edges; fields as in ``NeighborSample``."""

    nodes: Mapping[str, Int[Tensor, " nodes"]]
    edge_index: Mapping[EdgeType, Int[Tensor, "2 edges"]]
    edges: Mapping[EdgeType, Int[Tensor, " edges"]]
    nodes_per_hop: Mapping[str, list[int]]
    edges_per_hop: Mapping[EdgeType, list[int]]
    trees: Mapping[str, Int[Tensor, " nodes"]] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class TimeLimit:
    """What may be seen: nothing later than the seed it is sampled for, however many hops away.

    An edge may be picked if its own time, where ``edges`` gives it, and the time of the neighbour
    it leads to, where ``nodes`` gives it, are not later than the time of the seed. Equal times may
    be seen.
    """

    seeds: Int[Tensor, " seeds"]  # latest time each seed may see
    edges: Int[Tensor, " edges"] | None = None  # by position in ``indices``
    nodes: Int[Tensor, " nodes"] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class HeterogeneousTimeLimit:
    """The same for several types of nodes; the times of edges belong to their ``CSRGraph``."""

    seeds: Mapping[str, Int[Tensor, " seeds"]]
    nodes: Mapping[str, Int[Tensor, " nodes"]] = field(default_factory=dict)
