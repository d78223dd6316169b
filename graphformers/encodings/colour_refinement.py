"""Colours of nodes by the shape of their neighbourhoods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels.randomness import children


@final
@dataclass(frozen=True, kw_only=True)
class ColourRefinement:
    r"""Colours after some rounds of Weisfeiler-Leman refinement: ``"wl_colours"``.

    .. math:: c_i^{t+1} = \bigl(c_i^t, \{\!\{ c_j^t : j \to i \}\!\}\bigr), \qquad c_i^0 = 0

    The colours of a graph are numbered from 0, in an order that does not depend on how its nodes
    are numbered; the same number in two graphs need not mean the same neighbourhood. Two different
    neighbourhoods get one colour with a probability of about :math:`2^{-64}`.

    Source: Zhang et al. 2020, arXiv:2001.05140, section 3.2. Theirs are numbered by the order of
    their MD5 sums, so embeddings trained with theirs do not fit ours.
    """

    rounds: int = 2

    def __post_init__(self) -> None:
        if self.rounds < 0:
            raise ConfigError(f"rounds must not be negative; got {self.rounds}")

    @property
    def names(self) -> tuple[str, ...]:
        """``("wl_colours",)``."""
        return ("wl_colours",)

    @property
    def channels(self) -> int:
        """One."""
        return 1

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """``"wl_colours"`` (nodes, 1), int64."""
        colours = torch.zeros_like(graphs.batch)
        for _ in range(self.rounds):
            colours = _refined(colours, graphs.edge_index)
        return {"wl_colours": _numbered(colours, graphs.batch).unsqueeze(1)}


def _refined(colours: Int[Tensor, " nodes"], edge_index: Tensor) -> Int[Tensor, " nodes"]:
    """64-bit colours of a node's own colour and of the collection of those it receives."""
    source, target = edge_index
    sent = children(colours, torch.zeros_like(colours))[source]
    received = torch.zeros_like(colours).index_add(0, target, sent)
    return children(children(colours, torch.ones_like(colours)), received)


def _numbered(colours: Tensor, graph: Tensor) -> Int[Tensor, " nodes"]:
    """Place of every colour among the different colours of its graph."""
    different, place = torch.stack([graph, colours]).unique(dim=1, return_inverse=True)
    first = torch.searchsorted(different[0].contiguous(), graph)
    return place - first
