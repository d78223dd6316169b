"""Numbers to vectors."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ShapeError


@final
class NumericEmbedding(nn.Module):
    """A linear map of numbers; a single column may come without its axis."""

    def __init__(self, count: int, dim: int):
        super().__init__()
        self.linear = nn.Linear(count, dim)

    def forward(
        self, values: Float[Tensor, "items count"] | Float[Tensor, " items"]
    ) -> Float[Tensor, "items dim"]:
        """Raises ``ShapeError`` for another number of columns, or for integers."""
        if values.ndim == 1:
            values = values.unsqueeze(1)
        count = self.linear.in_features
        if values.ndim != 2 or values.shape[1] != count or not values.is_floating_point():
            raise ShapeError(
                f"expected {count} columns of numbers; got {tuple(values.shape)} {values.dtype}"
            )
        return self.linear(values)
