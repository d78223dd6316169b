"""Batch normalisation that also works on the batches molecules really come in."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.kernels import batch_norm

_MANY_ROWS = 2048  # of fewer, torch's own is the faster one


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation over rows which survives training on one row or none.

    A batch of single atoms has no edges, and one row has no variance: there the running statistics
    normalise, as in evaluation, and stay as they are. Everything else is ``nn.BatchNorm1d``; very
    many rows go through the kernels.
    """

    def forward(self, input: Float[Tensor, "rows dim ..."]) -> Float[Tensor, "rows dim ..."]:
        """Normalise every column (axis 1) over all other axes."""
        if self.training and input.numel() <= input.shape[1]:
            return F.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        if self.training and self._fits_kernels(input):
            return self._by_kernels(input)
        return super().forward(input)

    def _fits_kernels(self, input: Tensor) -> bool:
        return (
            not torch.compiler.is_compiling()
            and input.ndim == 2
            and input.shape[0] >= _MANY_ROWS
            and input.device.type == "cpu"
            and input.dtype == self.weight.dtype
            and input.dtype in (torch.float32, torch.float64)
            and self.momentum is not None
        )

    def _by_kernels(self, input: Tensor) -> Tensor:
        out, mean, variance = batch_norm(input, self.weight, self.bias, self.eps)
        if self.running_mean is None or self.running_var is None or self.momentum is None:
            return out
        rows = input.shape[0]
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (rows / (rows - 1)), self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return out
