"""Computing encodings over a whole data set."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from graphformers.encodings.encoding import Encoding, PairEncoding, names_of
from graphformers.encodings.stretches import Stretch, in_order, stretches_of
from graphformers.errors import ConfigError, DataError
from graphformers.graph_batch import GraphBatch

Progress = Callable[[int, int], None]
"""Called with the number of graphs done and of all graphs."""


def encode(
    graphs: GraphBatch,
    encodings: Sequence[Encoding | PairEncoding],
    *,
    progress: Progress | None = None,
    workers: int | None = None,
) -> GraphBatch:
    """Compute encodings for every graph, beside those the batch has already.

    Encodings of nodes go to ``encodings``, those of pairs to ``pair_encodings``, and all settings
    to ``encoded_with``; what was there under the same names is replaced. Works through the graphs
    in order, a bounded number of nodes and pairs at a time.

    ``workers`` is the number of threads, by default that of torch; on a GPU there is one. The
    result does not depend on it.

    Raises ``ConfigError`` when two of the encodings have a name in common, and ``DataError`` when
    the encodings of pairs do not fit into memory, and ``ShapeError`` when an edge joins different
    graphs.
    """
    check_names(encodings)
    graphs.check()
    if not encodings:
        return graphs
    topology = GraphBatch(
        x=graphs.x.new_zeros(graphs.num_nodes, 0), edge_index=graphs.edge_index, ptr=graphs.ptr
    )
    of_pairs = any(isinstance(one, PairEncoding) for one in encodings)
    stretches = stretches_of(graphs.ptr, pairs=of_pairs)
    if workers is None or graphs.ptr.is_cuda:
        workers = 1 if graphs.ptr.is_cuda else torch.get_num_threads()
    elif workers < 1:
        raise ConfigError(f"workers must be at least 1; got {workers}")

    def compute(stretch: Stretch) -> dict[str, Tensor]:
        chosen = topology if len(stretches) == 1 else topology.select(range(*stretch))
        return _tensors(chosen, encodings)

    parts = in_order(compute, stretches, workers)
    return with_tensors(graphs, encodings, _joined(topology, encodings, stretches, parts, progress))


def with_tensors(
    graphs: GraphBatch, encodings: Sequence[Encoding | PairEncoding], tensors: dict[str, Tensor]
) -> GraphBatch:
    """The batch with the tensors of these encodings in their places."""
    nodes = [name for one in encodings if isinstance(one, Encoding) for name in one.names]
    pairs = [one.name for one in encodings if isinstance(one, PairEncoding)]
    replaced = {*nodes, *pairs}
    remaining = [one for one in graphs.encoded_with if not replaced.intersection(names_of(one))]
    return replace(
        graphs,
        encodings={**graphs.encodings, **{name: tensors[name] for name in nodes}},
        pair_encodings={**graphs.pair_encodings, **{name: tensors[name] for name in pairs}},
        encoded_with=(*remaining, *encodings),
    )


def check_names(encodings: Sequence[Encoding | PairEncoding]) -> None:
    """Raise ``ConfigError`` when two encodings would be kept under one name."""
    taken: dict[str, object] = {}
    for one in encodings:
        for name in names_of(one):
            if name in taken:
                raise ConfigError(f"{taken[name]} and {one} would both be kept as {name!r}")
            taken[name] = one


def _tensors(graphs: GraphBatch, encodings: Sequence[Encoding | PairEncoding]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for one in encodings:
        if isinstance(one, PairEncoding):
            found[one.name] = one.compute(graphs)
        else:
            found.update(one.compute(graphs))
    return found


def _joined(
    graphs: GraphBatch,
    encodings: Sequence[Encoding | PairEncoding],
    stretches: Sequence[Stretch],
    parts: Iterable[dict[str, Tensor]],
    progress: Progress | None,
) -> dict[str, Tensor]:
    """Tensors of all graphs, filled in as the stretches come: nothing is in memory twice."""
    pairs = {one.name for one in encodings if isinstance(one, PairEncoding)}
    whole: dict[str, Tensor] = {}
    for (first, last), part in zip(stretches, parts, strict=True):
        for name, values in part.items():
            ptr = graphs.pair_ptr if name in pairs else graphs.ptr
            if last - first == len(graphs):
                whole[name] = values
                continue
            if name not in whole:
                _check_memory(name, values, int(ptr[-1]))
                whole[name] = values.new_empty(int(ptr[-1]), *values.shape[1:])
            whole[name][ptr[first] : ptr[last]] = values
        if progress is not None:
            progress(last, len(graphs))
    return whole


def _check_memory(name: str, part: Tensor, rows: int) -> None:
    needed = part[:1].numel() * part.element_size() * rows
    memory = _memory()
    if memory is not None and needed > memory and not part.is_cuda:
        raise DataError(
            f"the encoding {name!r} of all graphs has {rows:,} rows and needs {needed / 2**30:.1f} "
            f"GiB; this machine has {memory / 2**30:.1f} GiB. Compute it batch by batch instead: "
            "graphformers.encodings.EncodedSource(graphs, encodings)"
        )


def _memory() -> int | None:
    """Bytes of main memory, where the platform says."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
