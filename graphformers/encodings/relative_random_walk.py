"""Relative random-walk probabilities: an encoding of pairs of nodes."""

from dataclasses import dataclass, replace
from typing import Literal, final, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.encodings.all_pairs import check_all_pairs
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern, relative_random_walk_probabilities

Direction = Literal["given", "both", "undirected"]


@final
@dataclass(frozen=True, kw_only=True)
class RelativeRandomWalk:
    r"""Probability that a random walk from the target of a pair is at its source after k steps.

    .. math:: r_{j \to i} = \bigl[I, P, P^2, \dots, P^K\bigr]_{ij}, \qquad P = D^{-1} A

    ``steps`` is :math:`K`, the largest power; ``identity`` says whether :math:`I` comes first, one
    more channel. GRIT's "K = 21" counts the identity: ``steps=20``. PPGT's does not.

    ``symmetric`` walks with :math:`D^{-1/2} A D^{-1/2}`. ``direction`` tells along which edges:

    - ``"given"``: from source to target (GRIT);
    - ``"undirected"``: either way, edges that join the same nodes counting once (PPGT);
    - ``"both"``: as given and then, as more channels without a second identity, against the edges
      (PPGT on citation graphs).

    An encoding of pairs is as large as the number of pairs: for a few thousand molecules ``encode``
    keeps it, beyond that an ``EncodedSource`` computes it batch by batch.

    Source: Ma et al. 2023, arXiv:2305.17589, eq. 1; PPGT: Ma et al. 2025, arXiv:2504.12588.
    """

    steps: int
    identity: bool = True
    symmetric: bool = False
    direction: Direction = "given"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"a random walk needs at least one step; got {self.steps}")
        if self.direction not in get_args(Direction):
            raise ConfigError(
                f"direction must be given, both or undirected; got {self.direction!r}"
            )

    @property
    def name(self) -> str:
        """``"rrwp"``."""
        return "rrwp"

    @property
    def channels(self) -> int:
        """Numbers per pair."""
        return self.identity + self.steps * (2 if self.direction == "both" else 1)

    def compute(
        self, graphs: GraphBatch, pattern: SparsePattern | None = None
    ) -> Float[Tensor, "pairs channels"]:
        """Float32, in the edge order of ``graphs.pairs``, or of another pattern over the nodes.

        The values of the nodes themselves are those of the self pairs,
        ``[graphs.pairs.source == graphs.pairs.target]``. Raises ``DataError`` when a graph is too
        large for all its pairs.
        """
        if pattern is None:
            check_all_pairs(graphs, self.name)
        if self.direction == "both":
            onward = replace(self, direction="given")
            against = replace(onward, identity=False)
            reverse = replace(graphs, edge_index=graphs.edge_index.flip(0))
            parts = [onward.compute(graphs, pattern), against.compute(reverse, pattern)]
            return torch.cat(parts, dim=1)
        edge_index = graphs.edge_index
        if self.direction == "undirected":
            edge_index = _either_way(edge_index, graphs.num_nodes)
        return relative_random_walk_probabilities(
            edge_index,
            graphs.ptr,
            self.steps,
            pattern,
            identity=self.identity,
            symmetric=self.symmetric,
        )


def _either_way(edge_index: Int[Tensor, "2 edges"], num_nodes: int) -> Int[Tensor, "2 both"]:
    """Every edge in both directions, each pair of nodes once."""
    source, target = torch.cat([edge_index, edge_index.flip(0)], dim=1)
    rows = max(num_nodes, 1)
    pairs = (source * rows + target).unique()  # unique columns take 16 times as long
    return torch.stack([pairs // rows, pairs % rows])
