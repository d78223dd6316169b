"""Smallest eigenvalues of Laplacians: dense, of many small graphs at once."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Normalization = Literal["none", "sym", "rw", "in_degree"]


def smallest_eigenpairs(
    adjacency: Float[Tensor, "graphs size size"], count: int, normalization: Normalization
) -> tuple[Float[Tensor, "graphs kept"], Float[Tensor, "graphs size kept"]]:
    """Eigenvalues in ascending order and eigenvectors (columns) of symmetric adjacency matrices.

    ``kept`` is ``count``, or ``size`` where the graphs are smaller.
    """
    degree = adjacency.sum(dim=-1)
    values, vectors = torch.linalg.eigh(_laplacian(adjacency, degree, normalization))
    values, vectors = values[:, :count].clamp(min=0.0), vectors[:, :, :count]
    if normalization == "rw":
        vectors = of_random_walk(vectors, degree)
    return values, vectors


def smallest_directed_eigenpairs(
    adjacency: Float[Tensor, "graphs size size"], count: int
) -> tuple[Float[Tensor, "graphs kept"], Float[Tensor, "graphs size kept"]]:
    """Real parts, by ascending real part, where ``in_degree`` makes a matrix without symmetry.

    ``adjacency`` is [graph, target, source].
    """
    laplacian = _laplacian(adjacency, adjacency.sum(dim=-1), "in_degree")
    values, vectors = torch.linalg.eig(laplacian)
    order = values.real.argsort(dim=1, stable=True)[:, :count]
    chosen = vectors.real.gather(2, order.unsqueeze(1).expand(-1, vectors.shape[1], -1))
    return values.real.gather(1, order), F.normalize(chosen, dim=1)


def of_random_walk(
    vectors: Float[Tensor, "*graphs size kept"], degree: Float[Tensor, "*graphs size"]
) -> Float[Tensor, "*graphs size kept"]:
    """Eigenvectors of the random walk's Laplacian from those of the symmetric one."""
    scale = degree.rsqrt().masked_fill(degree == 0, 1.0)
    return F.normalize(vectors * scale.unsqueeze(-1), dim=-2)


def _laplacian(adjacency: Tensor, degree: Tensor, normalization: Normalization) -> Tensor:
    if normalization == "none":
        return torch.diag_embed(degree) - adjacency
    floor = 1.0 if normalization == "in_degree" else 0.0
    shrink = degree.clamp(min=floor).rsqrt().masked_fill(degree == 0, 0.0)
    identity = torch.eye(degree.shape[-1]).to(adjacency)
    return identity - shrink.unsqueeze(-1) * adjacency * shrink.unsqueeze(-2)
