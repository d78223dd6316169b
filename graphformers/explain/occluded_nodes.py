"""What a prediction loses when the features of one node are hidden."""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from graphformers.explain.model_input import changed_input, evaluating
from graphformers.explain.model_output import explained_output, predicted_rows
from graphformers.graph_batch import GraphBatch
from graphformers.models.graph_model import GraphModel

NODES_AT_A_TIME = 1 << 13  # bounds the working memory; one larger graph goes alone


@torch.no_grad()
def occlusion(
    model: GraphModel,
    batch: GraphBatch,
    *,
    task: int = 0,
    baseline: Float[Tensor, " width"] | None = None,
    rows: Bool[Tensor, " rows"] | None = None,
) -> Float[Tensor, " nodes"]:
    r"""Change of one output when a node's embedded features become the baseline.

    .. math:: c_i = y(x) - y(x_1, \dots, x_{i-1}, b, x_{i+1}, \dots)

    The node keeps its edges, their features and its encodings. Zero is the baseline when it is left
    out. Needs one prediction of its graph for every node; ``task`` and ``rows`` choose the output,
    see ``explained_output``.

    Source: Zeiler and Fergus 2014, arXiv:1311.2901, with nodes for patches.
    """
    changes = [batch.x.new_zeros(0, dtype=torch.get_default_dtype())]
    with evaluating(model):
        whole = explained_output(model, batch, task, rows)
        for hidden in _stretches(batch):
            graph = batch.batch[hidden]
            copies = batch.select(graph)
            places = copies.ptr[:-1] + hidden - batch.ptr[graph]
            asked = None if rows is None else _copied(rows, batch, graph)
            with changed_input(model, lambda states, at=places: _hide(states, at, baseline)):
                changes.append(whole[graph] - explained_output(model, copies, task, asked))
    return torch.cat([one.to(whole) for one in changes])


def _hide(states: Tensor, places: Tensor, baseline: Tensor | None) -> Tensor:
    shown = torch.zeros_like(states[0]) if baseline is None else baseline.to(states)
    return states.index_put((places,), shown)


def _copied(rows: Tensor, batch: GraphBatch, graph: Tensor) -> Tensor:
    """The marks of each of the given graphs, one graph after the other."""
    ptr = predicted_rows(batch, rows.shape[0])
    return torch.cat([rows[ptr[one] : ptr[one + 1]] for one in graph.tolist()])


def _stretches(batch: GraphBatch) -> Iterator[Tensor]:
    """Consecutive nodes whose graphs, one copy for each, fit into memory together."""
    sizes = batch.ptr.diff()[batch.batch]
    part = (sizes.cumsum(0) - 1).div(NODES_AT_A_TIME, rounding_mode="floor")
    for one in part.unique_consecutive().tolist():
        yield (part == one).nonzero().squeeze(1)
