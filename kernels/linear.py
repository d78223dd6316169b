"""A linear map whose bias is added last."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def linear(
    x: Float[Tensor, "rows dim"], weight: Float[Tensor, "out dim"], bias: Float[Tensor, " out"]
) -> Float[Tensor, "rows out"]:
    r"""The function :math:`y = W x + b`.

    On a CPU torch fills the result with the bias and has the product added to it; the other way
    round takes less time.
    """
    if x.is_cuda or torch.compiler.is_compiling():
        return F.linear(x, weight, bias)
    return torch.mm(x, weight.t()).add_(bias)
