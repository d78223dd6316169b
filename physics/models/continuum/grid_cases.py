"""Cases whose nodes are the points of a regular grid of the plane, row by row."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError

TOLERANCE = 1e-2  # how far from regular a spacing may be, as a share of it


def grid_cases(
    positions: Float[Tensor, "nodes 2"], ptr: Int[Tensor, " cases_plus_1"]
) -> Iterator[Int[Tensor, "cases rows columns"]]:
    """Node numbers of the cases of a batch laid out as grids, those of equal shape together.

    The last axis of a grid is that along which its first two nodes lie. Raises ``ShapeError`` where
    the nodes of a case are no regular grid in that order.
    """
    sizes = ptr.diff()
    for size in sizes.unique().tolist():
        if size == 0:
            continue
        cases = (sizes == size).nonzero()[:, 0]
        nodes = ptr[cases][:, None] + torch.arange(size, device=ptr.device)
        columns = _columns(positions[nodes], cases)
        for count in columns.unique().tolist():
            chosen = columns == count
            grid = nodes[chosen].view(-1, size // count, count)
            _check(positions[grid], cases[chosen])
            yield grid


def _columns(
    positions: Float[Tensor, "cases nodes 2"], cases: Int[Tensor, " cases"]
) -> Int[Tensor, " cases"]:
    """How many nodes come before the coordinate that does not change at first does."""
    size = positions.shape[1]
    if size < 4:
        raise ShapeError(f"case {int(cases[0])} has {size} nodes; a grid has at least two by two")
    step = (positions[:, 1] - positions[:, 0]).abs()
    along = positions.gather(2, step.argmin(1)[:, None, None].expand(-1, size, 1))[..., 0]
    changed = (along - along[:, :1]).abs() > step.amax(1, keepdim=True) * TOLERANCE
    columns = changed.to(torch.int8).argmax(1)
    whole = (columns > 1) & (size % columns.clamp(min=1) == 0)
    if not bool(whole.all()):
        _refuse(int(cases[~whole][0]))
    return columns


def _check(positions: Float[Tensor, "cases rows columns 2"], cases: Int[Tensor, " cases"]) -> None:
    """Rows and columns are straight and evenly spaced."""
    right = positions[:, :, 1:] - positions[:, :, :-1]
    down = positions[:, 1:] - positions[:, :-1]
    regular = torch.ones_like(cases, dtype=torch.bool)
    for steps in (right, down):
        first = steps[:, :1, :1]
        error = (steps - first).abs().amax((1, 2, 3))
        regular &= error <= TOLERANCE * first.abs().amax((1, 2, 3))
    if not bool(regular.all()):
        _refuse(int(cases[~regular][0]))


def _refuse(case: int) -> None:
    raise ShapeError(
        f"the nodes of case {case} are not a regular grid row by row; a TransformerNeuralOperator "
        "takes any points"
    )
