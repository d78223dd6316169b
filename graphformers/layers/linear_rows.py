"""A linear map of very many rows, with its bias and a residual added on the way."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

_MANY_ROWS = 2048  # of fewer, the additions cost nothing beside the call


def linear_rows(
    rows: Float[Tensor, "rows dim"],
    layer: nn.Linear,
    residual: Float[Tensor, "rows out"] | None = None,
) -> Float[Tensor, "rows out"]:
    r"""The function :math:`y = W x + b`, plus ``residual``.

    Torch's product on a CPU first fills the result with the bias and adds the residual afterwards,
    which for pairs of nodes takes as long as the product. oneDNN, part of torch, adds both while a
    block of the result is still in the cache.
    """
    if _fits_onednn(rows, layer):
        return _Linear.apply(rows, layer.weight, layer.bias, residual)
    mapped = layer(rows)
    return mapped if residual is None else residual + mapped


def _fits_onednn(rows: Tensor, layer: nn.Linear) -> bool:
    return (
        not torch.compiler.is_compiling()
        and rows.shape[0] >= _MANY_ROWS
        and rows.device.type == "cpu"
        and rows.dtype == layer.weight.dtype == torch.float32
        and layer.bias is not None
        and not torch.is_autocast_enabled("cpu")
        and torch.backends.mkldnn.is_available()
    )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows, weight, bias, residual):
        ctx.save_for_backward(rows, weight)
        ops = torch.ops.mkldnn
        if residual is None:
            return ops._linear_pointwise(rows, weight, bias, "none", [], "")
        return ops._linear_pointwise.binary(rows, residual, weight, bias, "add")

    @staticmethod
    def backward(ctx, *grads):
        (grad,) = grads
        rows, weight = ctx.saved_tensors
        residual = grad if ctx.needs_input_grad[3] else None
        return F.linear(grad, weight.t()), grad.t() @ rows, grad.sum(0), residual
