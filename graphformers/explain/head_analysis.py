"""Which heads a prediction hangs on, and whether they look at the same nodes."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ConfigError, DataError
from graphformers.explain.ablation import head_deviation
from graphformers.explain.attention import attention_layers, attention_weights, received_attention
from graphformers.graph_batch import GraphBatch, GraphSource
from graphformers.models.graph_model import GraphModel


@dataclass(frozen=True, eq=False, kw_only=True)
class HeadAnalysis:
    """Heads of a model, judged on graphs; ``average`` gives the same over the data set."""

    layers: tuple[str, ...]  # names of the attention layers
    deviation: Float[Tensor, "graphs layers heads"]
    specialization: Float[Tensor, " graphs"]
    layer_specialization: Float[Tensor, "graphs layers"]
    focus: Float[Tensor, " graphs"]

    def average(self) -> "HeadAverages":
        """Means over the graphs; a graph without a focus does not count in that."""
        return HeadAverages(
            layers=self.layers,
            deviation=self.deviation.mean(dim=0),
            specialization=self.specialization.mean().item(),
            layer_specialization=self.layer_specialization.mean(dim=0),
            focus=self.focus.nanmean().item(),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class HeadAverages:
    """Means over a data set of what ``HeadAnalysis`` has for every graph."""

    layers: tuple[str, ...]
    deviation: Float[Tensor, "layers heads"]
    specialization: float
    layer_specialization: Float[Tensor, " layers"]
    focus: float


def analyse_heads(
    model: GraphModel,
    graphs: GraphSource,
    *,
    top_heads: int = 5,
    top_nodes: int = 5,
    batch_size: int = 128,
) -> HeadAnalysis:
    """``head_deviation``, ``specialization`` and ``focus`` of every graph.

    A prediction of the data set for every head, and one for the weights.
    Raises ``DataError`` for a model without attention or a data set without graphs.
    """
    deviations, focuses = [], []
    for batch in _batches(graphs, batch_size):
        deviation = head_deviation(model, batch)
        deviations.append(deviation)
        taken = received_attention(attention_weights(model, batch), batch)
        focuses.append(focus(deviation, taken, batch, top_heads=top_heads, top_nodes=top_nodes))
    deviation = torch.cat(deviations)
    return HeadAnalysis(
        layers=tuple(attention_layers(model)),
        deviation=deviation,
        specialization=specialization(deviation),
        layer_specialization=deviation.std(dim=2, correction=0),
        focus=torch.cat(focuses),
    )


def specialization(deviation: Float[Tensor, "graphs layers heads"]) -> Float[Tensor, " graphs"]:
    r"""Spread of the deviations over all heads: high when few heads carry a prediction.

    .. math:: S = \sqrt{\frac{1}{LH} \sum_{lh} (D_{lh} - \bar D)^2}

    Source: Chakraborty and Minary 2025, arXiv:2510.14336. Ours divides by the number of heads.
    """
    return deviation.flatten(1).std(dim=1, correction=0)


def focus(
    deviation: Float[Tensor, "graphs layers heads"],
    received: Float[Tensor, "nodes layers heads"],
    batch: GraphBatch,
    *,
    top_heads: int = 5,
    top_nodes: int = 5,
) -> Float[Tensor, " graphs"]:
    r"""Overlap of the nodes that the heads a prediction hangs on look at most.

    .. math:: F = \frac{1}{|P|} \sum_{(a, b) \in P} \frac{|T_a \cap T_b|}{|T_a \cup T_b|}

    :math:`P` are the pairs of the ``top_heads`` heads of largest deviation, :math:`T_a` the
    :math:`k` nodes of the graph from which head :math:`a` takes most (``received_attention``), with
    :math:`k` the smaller of ``top_nodes`` and half the nodes, at least one. Sets of chance have
    about :math:`k / (2 n - k)` in a graph of :math:`n` nodes. NaN with fewer than two heads or
    nodes.

    Source: Chakraborty and Minary 2025, arXiv:2510.14336. Ours keeps :math:`k` below the size of
    the graph, where every set would be the whole.
    """
    if top_heads < 2 or top_nodes < 1:
        raise ConfigError(f"need two heads and a node; got {top_heads} and {top_nodes}")
    deviation, received = deviation.flatten(1), received.flatten(1)
    heads = min(top_heads, deviation.shape[1])
    chosen = deviation.argsort(dim=1, descending=True, stable=True)[:, :heads]
    sizes = batch.ptr.diff().tolist()
    overlaps = [
        _mean_overlap(taken[:, one], min(top_nodes, max(len(taken) // 2, 1)))
        for taken, one in zip(received.split(sizes), chosen, strict=True)
    ]
    return torch.tensor(overlaps, dtype=deviation.dtype, device=deviation.device)


def _mean_overlap(taken: Float[Tensor, "nodes heads"], count: int) -> float:
    """Mean Jaccard index of the ``count`` largest of every column, over the pairs of columns."""
    nodes, heads = taken.shape
    if nodes < 2 or heads < 2:
        return torch.nan
    largest = taken.argsort(dim=0, descending=True, stable=True)[:count]
    chosen = torch.zeros_like(taken).scatter(0, largest, 1.0)
    common = chosen.T @ chosen
    overlap = common / (2 * count - common)
    first, second = torch.triu_indices(heads, heads, offset=1)
    return overlap[first, second].mean().item()


def _batches(graphs: GraphSource, batch_size: int) -> Iterator[GraphBatch]:
    if len(graphs) == 0:
        raise DataError("heads are judged on graphs; the data set has none")
    for first in range(0, len(graphs), batch_size):
        yield graphs.select(range(first, min(first + batch_size, len(graphs))))
