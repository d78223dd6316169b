"""Two linear maps with an activation between them, lean in training."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.kernels.gradients import gradients


def perceptron(
    x: Float[Tensor, "rows dim"],
    first: nn.Linear,
    second: nn.Linear,
    activation: Callable[[Tensor], Tensor],
) -> Float[Tensor, "rows out"]:
    r"""The function :math:`y = W_2\, a(W_1 x + b_1) + b_2`.

    While training, its backward pass computes the hidden rows again instead of keeping them twice,
    which costs one of its six matrix products.
    """
    weights = (first.weight, first.bias, second.weight, second.bias)
    if (
        torch.compiler.is_compiling()
        or not torch.is_grad_enabled()
        or torch.is_autocast_enabled(x.device.type)
    ):
        return _plain(x, *weights, activation)
    return _Perceptron.apply(x, *weights, activation)


def _plain(
    x: Tensor,
    first: Tensor,
    first_bias: Tensor,
    second: Tensor,
    second_bias: Tensor,
    activation: Callable[[Tensor], Tensor],
) -> Tensor:
    hidden = activation(F.linear(x, first, first_bias))
    return F.linear(hidden, second, second_bias)


class _Perceptron(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, first, first_bias, second, second_bias, activation):
        ctx.save_for_backward(x, first, first_bias, second, second_bias)
        ctx.activation = activation
        return _plain(x, first, first_bias, second, second_bias, activation)

    @staticmethod
    def backward(ctx, *grads):
        (grad,) = grads
        x, first, first_bias, second, second_bias = given = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody differentiates twice
            out = _plain(x, first, first_bias, second, second_bias, ctx.activation)
            return *gradients(out, given, grad, create_graph=True), None
        inner = F.linear(x, first, first_bias)
        if ctx.activation is F.relu:
            hidden = inner.relu_()
            pulled = torch.ops.aten.threshold_backward(grad @ second, hidden, 0)
        else:
            with torch.enable_grad():
                hidden = ctx.activation(inner.requires_grad_())
            (pulled,) = torch.autograd.grad(hidden, inner, grad @ second)
        return (
            pulled @ first,
            pulled.t() @ x,
            pulled.sum(0),
            grad.t() @ hidden,
            grad.sum(0),
            None,
        )
