"""Random signs for columns whose sign means nothing."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.kernels import segment_broadcast


def random_signs(
    columns: Float[Tensor, "nodes columns"],
    ptr: Int[Tensor, " graphs_plus_1"],
    *,
    per_graph: bool = True,
) -> Float[Tensor, "nodes columns"] | Float[Tensor, "1 columns"]:
    """A factor of 1 or -1 for every column, drawn for every graph or once for the whole batch."""
    draws = ptr.shape[0] - 1 if per_graph else 1
    coins = torch.rand(draws, columns.shape[1], device=columns.device)
    signs = (coins < 0.5).to(columns.dtype) * 2 - 1
    return segment_broadcast(signs, ptr, items=columns.shape[0]) if per_graph else signs
