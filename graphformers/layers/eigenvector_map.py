"""A linear map of Laplacian eigenvectors."""

from typing import final

from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.layers.random_signs import random_signs


@final
class EigenvectorMap(nn.Module):
    r"""Laplacian eigenvectors to node features, linearly.

    .. math:: y_i = W (\pm v_{i1}, \dots, \pm v_{ik}) + b

    Training multiplies each eigenvector by a random sign, drawn for every graph, or once for the
    whole batch (``flip_per_graph=False``, as the authors do). NaN marks a frequency that a small
    graph does not have: it counts as zero.

    Source: Dwivedi et al. 2020, arXiv:2003.00982, section 3.
    """

    def __init__(self, frequencies: int, dim: int, *, flip_per_graph: bool = True):
        super().__init__()
        self.frequencies = frequencies
        self.linear = nn.Linear(frequencies, dim)
        self.flip_per_graph = flip_per_graph

    def forward(
        self,
        eigenvectors: Float[Tensor, "nodes frequencies"],
        ptr: Int[Tensor, " graphs_plus_1"],
    ) -> Float[Tensor, "nodes dim"]:
        """Encode every node."""
        if self.training:
            signs = random_signs(eigenvectors, ptr, per_graph=self.flip_per_graph)
            eigenvectors = eigenvectors * signs
        return self.linear(eigenvectors.masked_fill(eigenvectors.isnan(), 0.0))
