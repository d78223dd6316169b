"""Where explanations take hold of a model: the embedded features of its nodes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ShapeError
from graphformers.graph_batch import GraphBatch, GraphSource
from graphformers.models.graph_model import GraphModel

GRAPHS_AT_A_TIME = 128


def embedded_input(model: GraphModel, batch: GraphBatch) -> Float[Tensor, "nodes width"]:
    """What the model makes of ``batch.x`` alone: the output of its ``node_features``.

    Encodings of where a node stands in its graph, and edge features, come beside it.
    """
    seen: list[Tensor] = []

    def keep(embedded: Tensor) -> Tensor:
        seen.append(embedded)
        return embedded

    with evaluating(model), torch.no_grad(), changed_input(model, keep):
        model.node_states(batch)
    (embedded,) = seen
    if embedded.shape[0] != batch.num_nodes:
        raise ShapeError(
            f"node_features must give a row for each of {batch.num_nodes} nodes; "
            f"got {tuple(embedded.shape)}"
        )
    return embedded


def mean_input(model: GraphModel, graphs: GraphSource) -> Float[Tensor, " width"]:
    """Mean of ``embedded_input`` over the nodes of a data set: the average node as a baseline."""
    total, nodes = torch.zeros(()), 0
    for first in range(0, len(graphs), GRAPHS_AT_A_TIME):
        last = min(first + GRAPHS_AT_A_TIME, len(graphs))
        embedded = embedded_input(model, graphs.select(range(first, last)))
        total, nodes = total.to(embedded) + embedded.sum(dim=0), nodes + embedded.shape[0]
    return total / max(nodes, 1)


@contextmanager
def changed_input(model: GraphModel, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Run the model on ``change(embedded input)`` inside the block."""

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], embedded: Tensor) -> Tensor:
        del module, inputs
        return change(embedded)

    handle = model.node_features.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block: no dropout, fixed statistics."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
