"""Mean and standard deviation of what a model reads and predicts, one graph at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from graphformers.errors import DataError
from graphformers.graph_batch import GraphSource


@dataclass(frozen=True, eq=False, kw_only=True)
class Moments:
    """Mean and standard deviation (divided by the count) of every column."""

    mean: Float[Tensor, " columns"]
    std: Float[Tensor, " columns"]
    count: int


def field_statistics(source: GraphSource, graphs: Sequence[int]) -> dict[str, Moments]:
    """Moments of ``x``, ``positions``, ``conditions`` and ``target`` over the given graphs.

    Every node counts once (every graph, for ``conditions``). Partial sums are merged in double
    precision, so only one graph is in memory at a time.

    Source: Chan, Golub, LeVeque 1979 (merging of partial sums).
    """
    if not graphs:
        raise DataError("statistics need at least one case")
    merged: dict[str, Moments] = {}
    for graph in graphs:
        batch = source.select([graph])
        for name in ("x", "positions", "conditions", "target"):
            values = getattr(batch, name)
            if values is not None:
                found = moments(values.double())
                merged[name] = merged_moments(merged[name], found) if name in merged else found
    return merged


def moments(values: Float[Tensor, "rows columns"]) -> Moments:
    """Moments of the columns."""
    return Moments(
        mean=values.mean(dim=0), std=values.std(dim=0, correction=0), count=values.shape[0]
    )


def merged_moments(first: Moments, second: Moments) -> Moments:
    """Moments of the rows of both together."""
    count = first.count + second.count
    share = second.count / count
    apart = second.mean - first.mean
    variance = (1 - share) * first.std**2 + share * second.std**2 + share * (1 - share) * apart**2
    return Moments(mean=first.mean + share * apart, std=variance.sqrt(), count=count)
