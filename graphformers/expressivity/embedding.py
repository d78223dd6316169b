"""Vectors that models give to graphs."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.expressivity.contenders import Builder, Sizes
from graphformers.expressivity.walk_encodings import encode_in_double
from graphformers.graph_batch import GraphBatch

PAIRS_AT_A_TIME = 1 << 14  # dense attention works on all pairs of nodes: this bounds its memory


def built(builder: Builder, sizes: Sizes, seed: int, dtype: torch.dtype) -> PretrainedModel:
    """A model with the weights of a seed, which leaves the global random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return builder(sizes).to(dtype)


def encoded(graphs: GraphBatch, model: PretrainedModel, dtype: torch.dtype) -> GraphBatch:
    """The graphs with the encodings of a model, computed in double precision and then rounded."""
    config = model.config
    wanted = (*getattr(config, "encodings", ()), *getattr(config, "pair_encodings", ()))
    return in_precision(encode_in_double(graphs, wanted), dtype)


def in_precision(graphs: GraphBatch, dtype: torch.dtype) -> GraphBatch:
    """The graphs with all numbers, but no categories, in a precision."""
    return graphs.map(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor)


@torch.no_grad()
def embed(model: nn.Module, graphs: GraphBatch) -> Float[Tensor, "graphs dim"]:
    """One vector per graph, in evaluation mode."""
    model.eval()
    return torch.cat([model(graphs.select(range(*one))) for one in _stretches(graphs)])


def embed_edges(
    model: PretrainedModel, graphs: GraphBatch, dtype: torch.dtype
) -> Float[Tensor, "graphs dim"]:
    """The same for graphs without encodings, which are computed for a few graphs at a time."""
    few = (graphs.select(range(*one)) for one in _stretches(graphs))
    return torch.cat([embed(model, encoded(one, model, dtype)) for one in few])


def _stretches(graphs: GraphBatch) -> Iterator[tuple[int, int]]:
    """Consecutive graphs with a bounded number of pairs of nodes together; one may be larger."""
    starts = graphs.pair_ptr.tolist()
    first = 0
    for last in range(1, len(graphs)):
        if starts[last + 1] - starts[first] > PAIRS_AT_A_TIME:
            yield first, last
            first = last
    yield first, len(graphs)
