"""Numbers to vectors."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import DataError, ShapeError


@final
class NumericEmbedding(nn.Module):
    """A linear map of numbers; a single column may come without its axis."""

    def __init__(self, count: int, dim: int):
        super().__init__()
        self.linear = nn.Linear(count, dim)

    def forward(
        self, values: Float[Tensor, "items count"] | Float[Tensor, " items"]
    ) -> Float[Tensor, "items dim"]:
        """Raises ``ShapeError`` for another number of columns, or for integers.

        Raises ``DataError`` for NaN and infinity, which batch statistics would spread to all rows.
        Compiled code does not look.
        """
        if values.ndim == 1:
            values = values.unsqueeze(1)
        count = self.linear.in_features
        if values.ndim != 2 or values.shape[1] != count or not values.is_floating_point():
            raise ShapeError(
                f"expected {count} columns of numbers; got {tuple(values.shape)} {values.dtype}"
            )
        if not torch.compiler.is_compiling():
            _check(values)
        return self.linear(values)


def _check(values: Tensor) -> None:
    finite = values.isfinite()
    if not finite.all():
        row, column = (~finite).nonzero()[0].tolist()
        raise DataError(
            f"row {row}, column {column} holds {values[row, column].item()}; features must be "
            "finite numbers"
        )
