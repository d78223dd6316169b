"""Which pairs of graphs are told apart, and whether copies of one graph are not."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.expressivity.contenders import Builder, Reference, Sizes
from graphformers.expressivity.embedding import built, embed_edges
from graphformers.expressivity.graph_set import GraphSet
from graphformers.expressivity.relabelling import relabelled
from graphformers.graph_batch import GraphBatch

TOLERANCE = 1e-12  # copies of one graph differ by some 1e-14, the closest pairs of BREC by 1e-11
EMBEDDING_DIM = 16


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Pairs told apart, in the order of the set.

    ``false_alarms`` counts the graphs whose relabelled copy was told apart from them, which no copy
    should be. ``noise`` is the largest relative difference between copies, ``smallest`` the
    smallest that counted as a difference; None where nothing was computed in floating point.
    """

    told_apart: tuple[bool, ...]
    false_alarms: int
    noise: float | None = None
    smallest: float | None = None


def separated_by_colours(graph_set: GraphSet, reference: Reference, seed: int = 0) -> Separation:
    """Pairs with different colours; every graph is compared with one relabelled copy too."""
    graphs = graph_set.graphs
    copies = relabelled(graphs, torch.Generator().manual_seed(seed))
    colours = reference(GraphBatch.concatenate([graphs, copies]))
    original, copied = colours[: len(graphs)], colours[len(graphs) :]
    return Separation(
        told_apart=tuple(original[a] != original[b] for a, b in graph_set.pairs.tolist()),
        false_alarms=sum(a != b for a, b in zip(original, copied, strict=True)),
    )


def separated_by_embeddings(
    graph_set: GraphSet, builder: Builder, seeds: Sequence[int], tolerance: float = TOLERANCE
) -> Separation:
    """Pairs whose embeddings by an untrained model differ for at least one seed of its weights.

    In float64. A difference counts when its largest entry is more than ``tolerance`` times the
    largest entry of the two embeddings. Copies are relabelled from their edges and encoded anew.
    """
    copies = relabelled(graph_set.graphs, torch.Generator().manual_seed(0))
    largest = torch.zeros(len(graph_set.pairs), dtype=torch.float64)
    noise = torch.zeros(len(copies), dtype=torch.float64)
    for seed in seeds:
        model = built(builder, Sizes(graph_set.node_types, EMBEDDING_DIM), seed, torch.float64)
        vectors = embed_edges(model, graph_set.graphs, torch.float64)
        copied = embed_edges(model, copies, torch.float64)
        first, second = graph_set.pairs.unbind(dim=1)
        largest = torch.maximum(largest, relative_difference(vectors[first], vectors[second]))
        noise = torch.maximum(noise, relative_difference(vectors, copied))
    counted = largest > tolerance
    return Separation(
        told_apart=tuple(counted.tolist()),
        false_alarms=int((noise > tolerance).sum()),
        noise=float(noise.max()),
        smallest=float(largest[counted].min()) if counted.any() else None,
    )


def relative_difference(
    first: Float[Tensor, "pairs dim"], second: Float[Tensor, "pairs dim"]
) -> Float[Tensor, " pairs"]:
    """Largest entry of the difference over the largest entry of both, row by row."""
    scale = torch.maximum(first.abs(), second.abs()).amax(dim=1)
    return (first - second).abs().amax(dim=1) / scale.clamp_min(torch.finfo(scale.dtype).tiny)


def classes_told_apart(graph_set: GraphSet, told_apart: Sequence[bool]) -> int:
    """Number of groups of graphs that are not told apart, directly or through other graphs.

    Pairs that the set does not compare count as told apart.
    """
    group = list(range(len(graph_set.graphs)))
    for (first, second), apart in zip(graph_set.pairs.tolist(), told_apart, strict=True):
        if not apart:
            kept, dropped = group[first], group[second]
            group = [kept if one == dropped else one for one in group]
    return len(set(group))
