"""A linear map of something cheap: keep what goes in, not what is made of it."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from graphformers.layers.precision import at_least_float32
from graphformers.layers.row_pieces import row_pieces, worth_dividing


def linear_of(
    function: Callable[[Tensor], Tensor],
    x: Float[Tensor, "rows dim"],
    weight: Float[Tensor, "out wide"],
    bias: Float[Tensor, " out"],
) -> Float[Tensor, "rows out"]:
    r"""Map ``function(x)`` linearly, without keeping it for the backward pass.

    .. math:: y = W\, f(x) + b

    ``function`` works on every row by itself, has no parameters and is cheap next to the product:
    an activation, sines of the input. Autograd would keep its result and what it was made from;
    here only ``x`` is kept, and ``function`` runs again in the backward pass, some rows at a time.
    No product is repeated. Of few rows, which have little to save, and in compiled code, which
    decides for itself what to keep, it is the plain formula.

    Gradients of any order. Recomputation: Chen et al. 2016, arXiv:1604.06174.
    """
    if not worth_dividing(x):
        return F.linear(function(x), weight, bias)
    return _LinearOf.apply(function, x, weight, bias)  # pyright: ignore[reportReturnType]


class _LinearOf(torch.autograd.Function):
    @staticmethod
    def forward(ctx, function, x, weight, bias) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.function = function
        ctx.save_for_backward(x, weight)
        out = x.new_empty(x.shape[0], weight.shape[0])
        for here in row_pieces(x):
            torch.addmm(bias, function(x[here]), weight.T, out=out[here])
        return out

    @staticmethod
    def backward(ctx, grad) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad[1]
        grad_weight, pulled = torch.zeros_like(weight, dtype=at_least_float32(weight)), []
        again = torch.is_grad_enabled()  # the backward pass is itself to be differentiated
        for here in row_pieces(x):
            given = x[here] if again else x[here].detach().requires_grad_(wanted)
            with torch.enable_grad():
                made = ctx.function(given)
            grad_weight = grad_weight + grad[here].T @ made
            if wanted:
                pulled += torch.autograd.grad(made, given, grad[here] @ weight, create_graph=again)
        of_x = torch.cat(pulled) if wanted else None
        return None, of_x, grad_weight.to(weight.dtype), grad.sum(0)
