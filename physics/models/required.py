"""What the batch of a model must carry."""

from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ShapeError


def required(name: str, value: Tensor | None, columns: int) -> Float[Tensor, "rows columns"]:
    """The tensor, or ``ShapeError`` when it is missing or not what the model was built for."""
    if value is None:
        raise ShapeError(f"the model needs {name} with {columns} columns; the batch has none")
    if value.ndim != 2 or value.shape[1] != columns or not value.is_floating_point():
        raise ShapeError(
            f"{name} must be floating point with {columns} columns; "
            f"got {tuple(value.shape)} {value.dtype}"
        )
    return value
