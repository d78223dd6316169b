"""A linear map of something cheap: keep what goes in, not what is made of it."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

ROWS_AT_A_TIME = 1 << 11


def linear_of(
    function: Callable[..., Tensor],
    x: Float[Tensor, "rows dim"],
    weight: Float[Tensor, "out wide"],
    bias: Float[Tensor, " out"],
    *parameters: Tensor,
) -> Float[Tensor, "rows out"]:
    r"""Map ``function(x, *parameters)`` linearly, without keeping it for the backward pass.

    .. math:: y = W\, f(x; \theta) + b

    ``function`` works on every row by itself and is cheap next to the product: an activation, a
    norm, sines of the input. Autograd would keep its result and what it was made from; here only
    ``x`` is kept and ``function`` runs again in the backward pass, some rows at a time. No product
    is repeated. Up to ``ROWS_AT_A_TIME`` rows, which have little to save, and in compiled code,
    which decides for itself what to keep, it is the plain formula.

    Gradients of any order. Recomputation: Chen et al. 2016, arXiv:1604.06174.
    """
    if torch.compiler.is_compiling() or x.shape[0] <= ROWS_AT_A_TIME:
        return F.linear(function(x, *parameters), weight, bias)
    return _LinearOf.apply(function, x, weight, bias, *parameters)  # pyright: ignore[reportReturnType]


class _LinearOf(torch.autograd.Function):
    @staticmethod
    def forward(ctx, function, x, weight, bias, *parameters) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.function = function
        ctx.save_for_backward(x, weight, *parameters)
        out = x.new_empty(x.shape[0], weight.shape[0])
        for rows, result in _in_stretches(x, out):
            torch.addmm(bias, function(rows, *parameters), weight.T, out=result)
        return out

    @staticmethod
    def backward(ctx, grad) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight, *parameters = ctx.saved_tensors
        asked = (ctx.needs_input_grad[1], *ctx.needs_input_grad[4:])
        grad_weight = torch.zeros_like(weight)
        pulled: list[list[Tensor | None]] = []
        for rows, above in _in_stretches(x, grad):
            inputs = _inputs([rows, *parameters], asked)
            with torch.enable_grad():
                made = ctx.function(*inputs)
            grad_weight = grad_weight + above.T @ made
            pulled.append(_pull_back(made, inputs, asked, above, weight))
        grad_x, *grad_parameters = (
            None if part[0] is None else part for part in zip(*pulled, strict=True)
        )
        sums = [None if part is None else torch.stack(part).sum(0) for part in grad_parameters]
        whole = None if grad_x is None else torch.cat(grad_x)
        return None, whole, grad_weight, grad.sum(0), *sums


def _in_stretches(x: Tensor, other: Tensor) -> zip:
    return zip(x.split(ROWS_AT_A_TIME), other.split(ROWS_AT_A_TIME), strict=True)


def _inputs(given: Sequence[Tensor], asked: Sequence[bool]) -> list[Tensor]:
    """Leaves of a graph of their own, unless the backward pass is to be differentiated."""
    if torch.is_grad_enabled():
        return list(given)
    return [one.detach().requires_grad_(wanted) for one, wanted in zip(given, asked, strict=True)]


def _pull_back(
    made: Tensor, inputs: Sequence[Tensor], asked: Sequence[bool], above: Tensor, weight: Tensor
) -> list[Tensor | None]:
    """Gradients of the inputs that are asked for, from that of the product."""
    wanted = [one for one, wants in zip(inputs, asked, strict=True) if wants]
    if not wanted:
        return [None] * len(inputs)
    again = torch.is_grad_enabled()
    found = iter(torch.autograd.grad(made, wanted, above @ weight, create_graph=again))
    return [next(found) if wants else None for wants in asked]
