"""Very many rows, some at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.kernels.gradients import gradients
from graphformers.layers.precision import at_least_float32

MANY_ROWS = 1 << 14  # of fewer there is little to save
ROWS_AT_A_TIME = {"cpu": 1 << 11}  # as many as stay in the cache on the whole way
ROWS_ELSEWHERE = 1 << 18  # as many as keep an accelerator busy


def by_pieces(
    function: Callable[[Tensor], Tensor],
    parameters: Sequence[Tensor],
    rows: Float[Tensor, "rows dim"],
) -> Float[Tensor, "rows out"]:
    """A function that works on every row by itself, of very many rows some at a time.

    ``parameters`` are those of the function. Only ``rows`` are kept: the backward pass goes the way
    again, so that nothing between its ends ever exists for all rows at once. Gradients of any
    order.
    """
    if not worth_dividing(rows):
        return function(rows)
    return _ByPieces.apply(function, rows, *parameters)


class _ByPieces(torch.autograd.Function):
    @staticmethod
    def forward(ctx, function, rows, *parameters) -> Tensor:
        ctx.function = function
        ctx.save_for_backward(rows, *parameters)
        out = rows.new_empty(0)
        for here in row_pieces(rows):
            found = function(rows[here])
            out = out if here.start else found.new_empty(rows.shape[0], *found.shape[1:])
            out[here] = found
        return out

    @staticmethod
    def backward(ctx, *grads) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        rows, *parameters = given = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody differentiates twice
            return None, *gradients(ctx.function(rows), given, grad, create_graph=True)
        of_rows = torch.empty_like(rows)
        sums = PieceSums(parameters)
        for here in row_pieces(rows):
            piece = rows[here].detach().requires_grad_()
            with torch.enable_grad():
                out = ctx.function(piece)
            of_piece, *found = gradients(out, (piece, *parameters), grad[here])
            of_rows[here] = cast(Tensor, of_piece)  # it asks for a gradient
            sums.add(found)
        return None, of_rows, *sums.gradients()


def worth_dividing(rows: Tensor) -> bool:
    """Whether these are so many that a chain of operations should take them piece by piece.

    Not in compiled code, which divides by itself, nor under autocast, which casts on the way.
    """
    return (
        not torch.compiler.is_compiling()
        and rows.shape[0] >= MANY_ROWS
        and not torch.is_autocast_enabled(rows.device.type)
    )


def row_pieces(rows: Tensor) -> Iterator[slice]:
    """All rows in order, as many at a time as suits the device."""
    step = ROWS_AT_A_TIME.get(rows.device.type, ROWS_ELSEWHERE)
    for start in range(0, rows.shape[0], step):
        yield slice(start, start + step)


class PieceSums:
    """Sums over pieces of the gradients of some tensors, kept in single precision at least."""

    def __init__(self, like: Sequence[Tensor]):
        self.like = like
        self.totals = [torch.zeros_like(one, dtype=at_least_float32(one)) for one in like]

    def add(self, found: Iterable[Tensor | None]) -> None:
        """Add those of one piece; None adds nothing."""
        for total, one in zip(self.totals, found, strict=True):
            if one is not None:
                total += one

    def gradients(self) -> list[Tensor]:
        """The sums in the precision of the tensors."""
        return [total.to(one.dtype) for total, one in zip(self.totals, self.like, strict=True)]
