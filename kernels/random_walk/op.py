"""Return probabilities of random walks."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.kernels.random_walk.reference import random_walk_probabilities_reference


def random_walk_probabilities(
    edge_index: Int[Tensor, "2 edges"],
    ptr: Int[Tensor, " graphs_plus_1"],
    steps: int,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "nodes steps"]:
    """Probability of being back at the start after 1, 2, ... steps."""
    return random_walk_probabilities_reference(edge_index, ptr, steps).to(dtype)
