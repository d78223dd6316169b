"""What a model predicts without some of its attention heads."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from graphformers.errors import ConfigError, DataError, check_known
from graphformers.explain.attention import attention_layers
from graphformers.explain.model_input import evaluating
from graphformers.explain.model_output import predicted_rows
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_reduce
from graphformers.models.graph_model import GraphModel


@contextmanager
def ablated_heads(model: GraphModel, heads: Mapping[str, Sequence[int]]) -> Iterator[None]:
    """Inside the block the given heads of the given layers add nothing to their output.

    Their channels are set to zero before the map that mixes the heads. What a layer hands on
    beside them, the stream of pair features in GRIT and GT, stays. ``attention_layers`` has the
    names.
    """
    layers = attention_layers(model)
    handles: list[RemovableHandle] = []
    try:
        for name, numbers in heads.items():
            check_known(name, layers, "no attention layer")
            handles.append(_silence(layers[name], numbers, name))
        yield
    finally:
        for handle in handles:
            handle.remove()


def head_deviation(model: GraphModel, batch: GraphBatch) -> Float[Tensor, "graphs layers heads"]:
    r"""How far the prediction of a graph moves when one head is ablated.

    .. math:: D_{lh} = \frac{1}{R} \sum_{r=1}^{R}
        \bigl| y_r - y_r^{\setminus (l, h)} \bigr|

    over the :math:`R` numbers that are predicted for the graph: the tasks, of every node where
    nodes are predicted. One prediction of the batch for every head. Raises ``DataError`` for a
    model without attention, or whose layers differ in their number of heads.

    Source: Chakraborty and Minary 2025, arXiv:2510.14336, the ablation of heads.
    """
    layers = attention_layers(model)
    counts = {number_of_heads(layer) for layer in layers.values()}
    if len(counts) != 1:
        raise DataError(
            "heads can be compared in a model whose attention layers have equally many; "
            f"got {len(layers)} layers with {sorted(counts)} heads"
        )
    moves = []
    with evaluating(model), torch.no_grad():
        whole = model(batch)
        for name in layers:
            for head in range(next(iter(counts))):
                with ablated_heads(model, {name: [head]}):
                    moves.append(_per_graph((model(batch) - whole).abs(), batch))
    return torch.stack(moves, dim=1).unflatten(1, (len(layers), -1))


def number_of_heads(layer: nn.Module) -> int:
    """The heads of one of the ``attention_layers``."""
    heads = layer.heads
    if not isinstance(heads, int):
        raise ConfigError(f"heads must be a number; got {heads!r}")
    return heads


def _silence(layer: nn.Module, numbers: Sequence[int], name: str) -> RemovableHandle:
    count, output = number_of_heads(layer), getattr(layer, "output", None)
    outside = [one for one in numbers if not 0 <= one < count]
    if outside:
        raise ConfigError(f"{name} has heads 0 ... {count - 1}; got {list(numbers)}")
    kept = torch.ones(count)
    kept[list(numbers)] = 0.0

    def read(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        del module
        return (_weighted(inputs[0], kept), *inputs[1:])

    def given(module: nn.Module, inputs: object, outputs: tuple[Tensor, Tensor]):
        del module, inputs
        return _weighted(outputs[0], kept), outputs[1]

    if isinstance(output, nn.Linear):
        return output.register_forward_pre_hook(read)
    return layer.register_forward_hook(given)


def _weighted(
    side_by_side: Float[Tensor, "nodes channels"], factors: Float[Tensor, " heads"]
) -> Float[Tensor, "nodes channels"]:
    channels = side_by_side.shape[-1] // factors.shape[0]
    return side_by_side * factors.repeat_interleave(channels).to(side_by_side)


def _per_graph(moves: Tensor, batch: GraphBatch) -> Tensor:
    ptr = predicted_rows(batch, moves.shape[0])
    return segment_reduce(moves.mean(dim=1, keepdim=True), ptr, "mean").squeeze(1)
