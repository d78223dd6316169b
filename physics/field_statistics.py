"""Mean and standard deviation of what a model reads and predicts, one graph at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch, GraphSource


@dataclass(frozen=True, eq=False, kw_only=True)
class Moments:
    """Mean and standard deviation (divided by the count) of every column."""

    mean: Float[Tensor, " columns"]
    std: Float[Tensor, " columns"]
    count: int


def batch_columns(batch: GraphBatch) -> dict[str, Tensor]:
    """``x``, ``positions``, ``conditions`` and ``target`` of a batch, those it has."""
    found = {name: getattr(batch, name) for name in ("x", "positions", "conditions", "target")}
    return {name: values for name, values in found.items() if values is not None}


def field_statistics(
    source: GraphSource,
    graphs: Sequence[int],
    columns: Callable[[GraphBatch], Mapping[str, Tensor]] = batch_columns,
) -> dict[str, Moments]:
    """Moments over the given graphs of what ``columns`` takes from each.

    Every row counts once: a node, or a graph for ``conditions``. Partial sums are merged in double
    precision, so only one graph is in memory at a time.

    Source: Chan, Golub, LeVeque 1979 (merging of partial sums).
    """
    if not graphs:
        raise DataError("statistics need at least one case")
    merged: dict[str, Moments] = {}
    for graph in graphs:
        for name, values in columns(source.select([graph])).items():
            found = _moments(values.double())
            merged[name] = _merged(merged[name], found) if name in merged else found
    return merged


def _moments(values: Float[Tensor, "rows columns"]) -> Moments:
    return Moments(
        mean=values.mean(dim=0), std=values.std(dim=0, correction=0), count=values.shape[0]
    )


def _merged(first: Moments, second: Moments) -> Moments:
    count = first.count + second.count
    share = second.count / count
    apart = second.mean - first.mean
    variance = (1 - share) * first.std**2 + share * second.std**2 + share * (1 - share) * apart**2
    return Moments(mean=first.mean + share * apart, std=variance.sqrt(), count=count)
