"""The encodings a model asks for, taken from a batch, or why they cannot be."""

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.encodings.all_pairs import check_inside_graphs
from graphformers.encodings.encoding import Encoding, PairEncoding, names_of
from graphformers.errors import DataError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern

REMEDY = "batch = graphformers.encodings.encode(batch, model.config.encodings)"


def node_encoding(graphs: GraphBatch, encoding: Encoding) -> tuple[Tensor, ...]:
    """The tensors of an encoding, each (nodes, channels), in the order of its names.

    Tensors without an entry in ``encoded_with`` are taken as they are. Raises ``DataError`` when
    one is missing or was computed with other settings, ``ShapeError`` for another width.
    """
    return tuple(_node_tensor(graphs, encoding, name) for name in encoding.names)


def pair_encoding(
    graphs: GraphBatch, encoding: PairEncoding, pattern: SparsePattern | None = None
) -> Tensor:
    """An encoding of the pairs of ``graphs.pairs``, or of ``pattern``, in their edge order.

    Taken from ``graphs.pair_encodings`` when it is there, computed otherwise. Raises ``DataError``
    when the one there was computed with other settings. The edges of ``pattern`` must stay inside
    the graphs.
    """
    if encoding.name not in graphs.pair_encodings:
        return encoding.compute(graphs, pattern)
    _check_settings(graphs, encoding, encoding.name)
    values = graphs.pair_encodings[encoding.name]
    if pattern is None or pattern is graphs.pairs:
        return values
    return values[_pair_rows(graphs, pattern)]


def _node_tensor(graphs: GraphBatch, encoding: Encoding, name: str) -> Tensor:
    if name not in graphs.encodings:
        raise DataError(
            f"this model needs the encoding {name!r}; the batch has "
            f"{', '.join(graphs.encodings) or 'none'}. Compute it first: {REMEDY}"
        )
    _check_settings(graphs, encoding, name)
    values = graphs.encodings[name]
    if values.shape[1:] != (encoding.channels,):
        raise ShapeError(
            f"encoding {name!r} must be (nodes, {encoding.channels}); got {tuple(values.shape)}"
        )
    return values


def _check_settings(graphs: GraphBatch, encoding: Encoding | PairEncoding, name: str) -> None:
    if torch.compiler.is_compiling():  # numbers have no values there that could be compared
        return
    for other in graphs.encoded_with:
        if name in names_of(other) and other != encoding:
            raise DataError(
                f"this model needs the encoding {name!r} of {encoding}; the batch was encoded with "
                f"{other}. Compute it anew: {REMEDY}"
            )


def _pair_rows(graphs: GraphBatch, pattern: SparsePattern) -> Int[Tensor, " edges"]:
    """Row of every edge of a pattern among all pairs of its graph."""
    source, target = pattern.edge_index
    check_inside_graphs(graphs, pattern)
    graph = graphs.batch[target]
    first, size = graphs.ptr[graph], graphs.ptr.diff()[graph]
    return graphs.pair_ptr[graph] + (target - first) * size + source - first
