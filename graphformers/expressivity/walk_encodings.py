"""Walk encodings in double precision, the same for every order of the nodes but for rounding."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.encodings import RandomWalk, RelativeRandomWalk
from graphformers.errors import ConfigError
from graphformers.expressivity.graph_set import Edges, single_graphs
from graphformers.graph_batch import GraphBatch


def encode_in_double(graphs: GraphBatch, encodings: Iterable[object]) -> GraphBatch:
    """The graphs, undirected, with walk encodings of nodes and of pairs as float64.

    ``graphformers.encodings`` computes the same in single precision, whose rounding depends on the
    order of the nodes and would tell graphs apart that are not different. Raises ``ConfigError``
    for encodings that are no property of the graph, such as eigenvectors, whose signs are chosen.
    """
    nodes: dict[str, list[Tensor]] = {}
    pairs: dict[str, list[Tensor]] = {}
    encodings = tuple(encodings)
    for _, edges in single_graphs(graphs):
        for encoding in encodings:
            if isinstance(encoding, RandomWalk):
                powers = walk_powers(edges, encoding.steps)
                values = powers[1:].diagonal(dim1=1, dim2=2).mT
                nodes.setdefault(encoding.names[0], []).append(values)
            elif isinstance(encoding, RelativeRandomWalk) and encoding.direction != "both":
                powers = walk_powers(edges, encoding.steps, symmetric=encoding.symmetric)
                chosen = powers if encoding.identity else powers[1:]
                pairs.setdefault(encoding.name, []).append(chosen.flatten(1).mT)
            else:
                raise ConfigError(f"only walk encodings depend on the graph alone; got {encoding}")
    return replace(
        graphs,
        encodings={name: torch.cat(values) for name, values in nodes.items()},
        pair_encodings={name: torch.cat(values) for name, values in pairs.items()},
        encoded_with=encodings,
    )


def walk_powers(
    edges: Edges, steps: int, *, symmetric: bool = False
) -> Float[Tensor, "powers size size"]:
    r""":math:`I, P, \dots, P^K` with :math:`P = D^{-1} A`, or :math:`D^{-1/2} A D^{-1/2}`."""
    size, (source, target) = edges
    adjacency = torch.zeros(size, size, dtype=torch.float64)
    ones = torch.ones(len(source), dtype=torch.float64)
    adjacency.index_put_((source, target), ones, accumulate=True)
    degree = adjacency.sum(dim=1, keepdim=True)
    inverse = degree.reciprocal().masked_fill(degree == 0, 0.0)
    step = inverse.sqrt() * adjacency * inverse.sqrt().mT if symmetric else inverse * adjacency
    powers = [torch.eye(size, dtype=torch.float64)]
    for _ in range(steps):
        powers.append(powers[-1] @ step)
    return torch.stack(powers)
