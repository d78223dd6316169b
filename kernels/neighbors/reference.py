"""Neighbour search by comparing all pairs, in plain torch: the definition."""

import torch
from torch import Tensor

from graphformers.kernels.randomness import child


def squared_distances(queries: Tensor, points: Tensor, period: Tensor | None) -> Tensor:
    r"""All pairs (queries, points) as :math:`(\Delta_x^2 + \Delta_y^2) + \Delta_z^2`.

    Along a periodic axis a query has an image one period before and one behind it; the nearest
    counts. Positions lie inside the box.
    """
    gaps = (points[None] - queries[:, None]).abs()
    if period is not None:
        for image in (queries - period, queries + period):
            gaps = torch.minimum(gaps, (points[None] - image[:, None]).abs())
    squares = (gaps * gaps).unbind(-1)
    total = squares[0] + squares[1]
    return total + squares[2] if len(squares) == 3 else total


def wrap(positions: Tensor, period: Tensor | None) -> Tensor:
    """Positions moved into the box by whole periods."""
    if period is None:
        return positions
    wrapped = positions - period * (positions / period).floor()
    return torch.where(period.isinf(), positions, wrapped)


def draw(seed: int, queries: int, points: int) -> Tensor:
    """A number of 24 bits for every (query, point): what the random choice keeps the least of."""
    return torch.tensor(
        [[_draw(seed, query, point) for point in range(points)] for query in range(queries)],
        dtype=torch.float64,
    ).reshape(queries, points)


def _draw(seed: int, query: int, point: int) -> int:
    return child(seed, query, point) >> 40


def search_reference(
    squared: Tensor, allowed: Tensor, keep: Tensor, most: int
) -> list[tuple[list[int], list[float]]]:
    """Rows of (point numbers, squared distances), nearest first.

    Of the points ``allowed`` (queries, points) a row keeps the ``most`` with the least number in
    ``keep`` (queries, points), equal ones by point number.
    """
    rows = []
    for distance, candidates, rank in zip(squared, allowed, keep, strict=True):
        points = candidates.nonzero().squeeze(1)
        kept = points[rank[points].sort(stable=True).indices[:most]].sort().values
        order = distance[kept].sort(stable=True).indices
        rows.append((kept[order].tolist(), distance[kept][order].tolist()))
    return rows
