"""What every operation on point clouds asks of its points and of their cut into graphs."""

import torch
from torch import Tensor

from graphformers.errors import DataError, ShapeError
from graphformers.kernels.validation import check_floating, check_indices, check_segments

_MOST_POINTS = 2**30


def check_points(points: Tensor, ptr: Tensor | None) -> None:
    """Shapes and dtypes, which tracing knows."""
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise ShapeError(f"points must be (points, 2) or (points, 3); got {tuple(points.shape)}")
    check_floating(points=points)
    if ptr is not None:
        check_indices(points.device, ptr=ptr)
        if ptr.shape[0] == 0:
            raise ShapeError("ptr needs the end of the last graph; got no entries")


def checked_ptr(name: str, points: Tensor, ptr_name: str, ptr: Tensor | None) -> Tensor:
    """The cut into graphs, one when there is none; looks at the numbers, inside operators only."""
    if not bool(points.isfinite().all()):
        raise DataError(f"{name} must be finite; got a coordinate that is not")
    if points.shape[0] >= _MOST_POINTS:
        raise ShapeError(f"{name} must be fewer than 2**30; got {points.shape[0]}")
    if ptr is None:
        return torch.tensor([0, points.shape[0]], device=points.device)
    check_segments(ptr, points.shape[0], ptr_name)
    return ptr
