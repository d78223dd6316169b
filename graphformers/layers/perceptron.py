"""Two linear maps with an activation between them, lean in training and with very many rows."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.kernels.gradients import gradients
from graphformers.kernels.linear import linear
from graphformers.layers.row_pieces import PieceSums, row_pieces, worth_dividing

Activation = Callable[[Tensor], Tensor]


def perceptron(
    x: Float[Tensor, "rows dim"],
    first: nn.Linear,
    second: nn.Linear,
    activation: Activation,
) -> Float[Tensor, "rows out"]:
    r"""The function :math:`y = W_2\, a(W_1 x + b_1) + b_2`.

    While training, its backward pass computes the hidden rows again instead of keeping them twice,
    which costs one of its six matrix products. Very many rows go the whole way some at a time,
    while they are in the cache: the hidden ones never exist all at once.
    """
    weights = (first.weight, first.bias, second.weight, second.bias)
    if not torch.is_grad_enabled():
        return _by_pieces(x, weights, activation)
    if torch.compiler.is_compiling() or torch.is_autocast_enabled(x.device.type):
        return _plain(x, weights, activation)
    return _Perceptron.apply(x, *weights, activation)


def _plain(x: Tensor, weights: Sequence[Tensor], activation: Activation) -> Tensor:
    first, first_bias, second, second_bias = weights
    inner = linear(x, first, first_bias)
    hidden = inner.relu_() if activation is F.relu else activation(inner)
    return linear(hidden, second, second_bias)


def _by_pieces(x: Tensor, weights: Sequence[Tensor], activation: Activation) -> Tensor:
    if not worth_dividing(x):
        return _plain(x, weights, activation)
    out = x.new_empty(x.shape[0], weights[2].shape[0])
    for here in row_pieces(x):
        out[here] = _plain(x[here], weights, activation)
    return out


class _Perceptron(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, first, first_bias, second, second_bias, activation):
        weights = (first, first_bias, second, second_bias)
        ctx.save_for_backward(x, *weights)
        ctx.activation = activation
        return _by_pieces(x, weights, activation)

    @staticmethod
    def backward(ctx, *grads):
        (grad,) = grads
        x, *weights = given = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody differentiates twice
            out = _plain(x, weights, ctx.activation)
            return *gradients(out, given, grad, create_graph=True), None
        if not worth_dividing(x):
            return *_pull_back(x, weights, ctx.activation, grad), None
        of_x = torch.empty_like(x)
        sums = PieceSums(weights)
        for here in row_pieces(x):
            of_x[here], *found = _pull_back(x[here], weights, ctx.activation, grad[here])
            sums.add(found)
        return of_x, *sums.gradients(), None


def _pull_back(
    x: Tensor, weights: Sequence[Tensor], activation: Activation, grad: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of the rows and of the weights."""
    first, first_bias, second, _ = weights
    inner = linear(x, first, first_bias)
    if activation is F.relu:
        hidden, pulled = inner.relu_(), grad @ second
        torch.ops.aten.threshold_backward.grad_input(pulled, hidden, 0, grad_input=pulled)
    else:
        with torch.enable_grad():
            hidden = activation(inner.requires_grad_())
        (pulled,) = torch.autograd.grad(hidden, inner, grad @ second)
    return pulled @ first, pulled.t() @ x, pulled.sum(0), grad.t() @ hidden, grad.sum(0)
