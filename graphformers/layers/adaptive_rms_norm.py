"""Root-mean-square normalisation that can give a row its magnitude back."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

EPSILON = 1e-6


@final
class AdaptiveRMSNorm(nn.Module):
    r"""Normalise every row, then scale it by a magnitude read from the row itself.

    .. math:: y = \frac{x}{\sqrt{\mathrm{mean}(x^2) + \epsilon}}
              \sqrt{\mathrm{mean}\bigl((\alpha \odot x + \beta)^2\bigr) + \epsilon}

    with :math:`\epsilon = 10^{-6}`. It starts, at :math:`\alpha = 0` and :math:`\beta = 1`, as
    plain normalisation to a root mean square of 1.

    Source: Ma et al. 2025, arXiv:2504.12588 (AdaRMSN).
    """

    def __init__(self, dim: int):
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(dim))
        self.beta = nn.Parameter(torch.ones(dim))

    def reset_parameters(self) -> None:
        """Become plain normalisation again."""
        nn.init.zeros_(self.alpha)
        nn.init.ones_(self.beta)

    def forward(self, x: Float[Tensor, "*rows dim"]) -> Float[Tensor, "*rows dim"]:
        """Normalise the last axis."""
        return adaptive_rms_norm(x, self.alpha, self.beta)


def adaptive_rms_norm(
    x: Float[Tensor, "*rows dim"], alpha: Float[Tensor, " dim"], beta: Float[Tensor, " dim"]
) -> Float[Tensor, "*rows dim"]:
    """The equation of ``AdaptiveRMSNorm``; nothing but ``x`` is kept for the backward pass.

    Gradients of any order.
    """
    if torch.compiler.is_compiling():
        return _normalised(x, alpha, beta)
    return _AdaptiveRMSNorm.apply(x, alpha, beta)  # pyright: ignore[reportReturnType]


def _normalised(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    return x * (_square(torch.addcmul(beta, alpha, x)) / _square(x)).sqrt()


def _square(x: Tensor) -> Tensor:
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)  # makes no tensor of squares
    return norm.square() / x.shape[-1] + EPSILON


class _AdaptiveRMSNorm(torch.autograd.Function):
    """The backward pass is made of torch operations, which differentiate further."""

    @staticmethod
    def forward(ctx, x, alpha, beta) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.save_for_backward(x, alpha, beta)
        return _normalised(x, alpha, beta)

    @staticmethod
    def backward(ctx, grad) -> tuple[Tensor, Tensor, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, alpha, beta = ctx.saved_tensors
        adapted = torch.addcmul(beta, alpha, x)
        square, wanted = _square(x), _square(adapted)
        factor = (wanted / square).sqrt()
        slope = (grad * x).mean(-1, keepdim=True) * factor  # of the factor's logarithm
        pulled = adapted * (slope / wanted)
        grad_x = torch.addcmul(grad * factor, alpha, pulled)
        grad_x = torch.addcmul(grad_x, x, slope / square, value=-1)
        rows = tuple(range(x.ndim - 1))
        return grad_x, (pulled * x).sum(rows), pulled.sum(rows)
