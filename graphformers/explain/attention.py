"""Where every head of a model looks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import DataError
from graphformers.explain.model_input import evaluating
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import RecordedAttention, SparsePattern, recorded_attention
from graphformers.layers.edge_attention import EdgeAttention
from graphformers.layers.graph_attention import GraphAttention
from graphformers.models import GPS
from graphformers.models.graph_model import GraphModel


@dataclass(frozen=True, eq=False, kw_only=True)
class AttentionWeights:
    """The weights of one attention layer, edge-wise in the order of ``pattern.edge_index``.

    ``weight`` is the softmax: over the edges into a node it adds up to 1. ``gate``, where a model
    has one, multiplies it afterwards (PPGT), so that ``applied`` need not add up to 1.
    """

    layer: str  # its name in the model
    pattern: SparsePattern
    weight: Float[Tensor, "edges heads"]
    gate: Float[Tensor, "edges heads"] | None = None

    @property
    def applied(self) -> Float[Tensor, "edges heads"]:
        """What the values are multiplied with: the softmax times its gate."""
        return self.weight if self.gate is None else self.weight * self.gate

    def matrix(self, nodes: slice) -> Float[Tensor, "heads targets sources"]:
        """``applied`` between consecutive nodes, those of one graph for example; 0 off the edges.

        Parallel edges add up.
        """
        source, target = self.pattern.edge_index
        size = nodes.stop - nodes.start
        inside = (target >= nodes.start) & (target < nodes.stop)
        inside &= (source >= nodes.start) & (source < nodes.stop)
        slot = (target[inside] - nodes.start) * size + source[inside] - nodes.start
        table = self.weight.new_zeros(size * size, self.weight.shape[1])
        return table.index_add(0, slot, self.applied[inside]).T.reshape(-1, size, size)


def attention_weights(model: GraphModel, batch: GraphBatch) -> list[AttentionWeights]:
    """The weights of every attention layer, in the order in which the model runs them.

    A model without attention gives none, and neither does attention without weights (Performer).
    Dropout is off. GPS in its padded layout runs in its
    sparse one, which computes the same function.
    """
    found: list[AttentionWeights] = []
    model = in_sparse_layout(model)
    with (
        evaluating(model),
        torch.no_grad(),
        recorded_attention() as records,
        _told_apart(attention_layers(model), records, found),
    ):
        model.node_states(batch)
    return found


def attention_layers(model: GraphModel) -> dict[str, nn.Module]:
    """Layers whose heads lie side by side before a linear map ``output``, or in what they give.

    The keys are the names of the layers in the model.
    """
    return {name: one for name, one in model.named_modules() if _has_heads(one)}


def received_attention(
    records: Sequence[AttentionWeights], batch: GraphBatch
) -> Float[Tensor, "nodes layers heads"]:
    r"""How much every head takes from a node: :math:`m_j = \sum_i |w_{ij}|`, gates included."""
    columns = []
    for record in records:
        source = record.pattern.edge_index[0]
        taken = record.weight.new_zeros(record.pattern.num_sources, record.weight.shape[1])
        columns.append(taken.index_add(0, source, record.applied.abs())[: batch.num_nodes])
    if not columns:
        raise DataError("no attention weights were recorded: this model attends to nothing")
    return torch.stack(columns, dim=1)


def in_sparse_layout(model: GraphModel) -> GraphModel:
    """The same function with the same weights, every attention along a ``SparsePattern``."""
    softmax = any(isinstance(one, GraphAttention) for one in model.modules())
    if not isinstance(model, GPS) or not softmax:
        return model
    sparse = copy(model)
    sparse.config = replace(model.config, layout="sparse")
    return sparse


@contextmanager
def _told_apart(
    layers: Mapping[str, nn.Module], records: list[RecordedAttention], found: list[AttentionWeights]
) -> Iterator[None]:
    """Give what is recorded while a layer runs the name of the layer."""

    def before(module: nn.Module, inputs: object) -> None:
        del module, inputs
        records.clear()

    def after_layer(name: str, module: nn.Module, inputs: object, output: object) -> None:
        del module, inputs, output
        for one in records:
            found.append(_named(name, one))
        records.clear()

    handles = [layer.register_forward_pre_hook(before) for layer in layers.values()]
    for name, layer in layers.items():
        handles.append(layer.register_forward_hook(partial(after_layer, name)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _named(layer: str, record: RecordedAttention) -> AttentionWeights:
    return AttentionWeights(
        layer=layer, pattern=record.pattern, weight=record.weight, gate=record.gate
    )


def _has_heads(module: nn.Module) -> bool:
    heads, output = getattr(module, "heads", None), getattr(module, "output", None)
    if isinstance(module, EdgeAttention):  # its output map belongs to the block
        return True
    return isinstance(heads, int) and isinstance(output, nn.Linear)
