"""Some points of every case, drawn by chance or, the same every time, by their place."""

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor

_MOST = 2**31 - 2  # rows that a kernel can count, with one more for their end
_MIX = -7046029254386353131  # 2^64 divided by the golden ratio, odd, as a signed number


def hash_of_places(positions: Tensor, seed: int) -> Int[Tensor, " points"]:
    """A number that looks drawn for every point, made of its coordinates in single precision.

    Points in another order, or in another batch, keep their numbers.
    """
    bits = (positions.to(torch.float32) + 0.0).view(torch.int32).to(torch.int64)  # no -0.0
    number = torch.full_like(bits[:, 0], seed)
    for axis in bits.unbind(1):
        number = (number ^ axis) * _MIX
        number = number ^ (number >> 29)
    return number


def draw_points(
    candidates: Bool[Tensor, " points"],
    ptr: Int[Tensor, " graphs_plus_1"],
    count: int,
    priority: Shaped[Tensor, " points"],
) -> Int[Tensor, " drawn"]:
    """Of every case, the ``count`` candidates of least priority, or all when there are fewer.

    Ascending numbers of points.
    """
    points = candidates.nonzero().squeeze(1)
    case = torch.searchsorted(ptr, points, right=True) - 1
    order = priority[points].argsort(stable=True)
    order = order[case[order].argsort(stable=True)]
    points, case = points[order], case[order]
    first = torch.searchsorted(case, case)
    rank = torch.arange(points.shape[0], device=points.device) - first
    drawn = points[rank < count].sort().values
    torch._check(drawn.shape[0] <= _MOST)  # the tracer cannot see it
    return drawn
