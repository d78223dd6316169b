"""Batch normalisation that also works on the batches molecules really come in."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation over rows which survives training on one row or none.

    A batch of single atoms has no edges, and one row has no variance: there the running statistics
    normalise, as in evaluation, and stay as they are. Everything else is ``nn.BatchNorm1d``.
    """

    def forward(self, input: Float[Tensor, "rows dim ..."]) -> Float[Tensor, "rows dim ..."]:
        """Normalise every column (axis 1) over all other axes."""
        if self.training and input.numel() <= input.shape[1]:
            return F.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(input)
