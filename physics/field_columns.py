"""Which columns of all fields beside each other belong to each of them."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float


def field_columns(components: Mapping[str, int]) -> dict[str, slice]:
    """Columns of every field, from the number of components of each."""
    columns, first = {}, 0
    for name, count in components.items():
        columns[name] = slice(first, first + count)
        first += count
    return columns


def fields_by_name(
    values: Float[np.ndarray, "points all_components"], components: Mapping[str, int]
) -> dict[str, Float[np.ndarray, "points components"]]:
    """Every field by its name."""
    return {name: values[:, columns] for name, columns in field_columns(components).items()}
