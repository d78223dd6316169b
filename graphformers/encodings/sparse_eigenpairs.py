"""Smallest eigenvalues of the Laplacian of one large connected graph."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import ArpackError, LinearOperator, SuperLU, eigsh, splu
from torch import Tensor

from graphformers.encodings.eigenpairs import Normalization

SHIFT = 1e-6  # of the largest diagonal entry: makes the matrix definite, less than the gaps
SYMMETRIC = {"SymmetricMode": True}

Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]


def sparse_eigenpairs(
    adjacency: csc_array, count: int, normalization: Normalization
) -> tuple[Float[Tensor, " count"], Float[Tensor, "nodes count"]] | None:
    """Eigenvalues in ascending order and eigenvectors of a symmetric adjacency matrix, in float64.

    Those of the random walk's Laplacian are left in the basis of the symmetric one. Lanczos
    iterations on the inverse, from the same start every time. They may miss copies of a repeated
    eigenvalue; how many there must be below the largest one found is read from the signs of a
    triangular factor (Sylvester's law of inertia). None when they do not converge or miss some.
    """
    laplacian = _laplacian(adjacency, normalization)
    for more in (0, count + 8):
        found = _lanczos(laplacian, min(count + more, len(laplacian.diagonal()) - 2))
        if found is not None and _is_complete(laplacian, found[0][:count]):
            values, vectors = (torch.from_numpy(one[..., :count].copy()) for one in found)
            return values.clamp(min=0.0), vectors
    return None


def _laplacian(adjacency: csc_array, normalization: Normalization) -> csc_array:
    degree = adjacency.sum(axis=0)
    if normalization == "none":
        return csc_array(diags_array(degree) - adjacency)
    floor = 1.0 if normalization == "in_degree" else 0.0
    with np.errstate(divide="ignore"):
        shrink = np.where(degree > 0, np.maximum(degree, floor) ** -0.5, 0.0)
    scale = diags_array(shrink)
    return csc_array(diags_array(np.ones(len(degree))) - scale @ adjacency @ scale)


def _lanczos(laplacian: csc_array, count: int) -> Pairs | None:
    """Eigenpairs next to zero; None when the iterations do not converge."""
    size = len(laplacian.diagonal())
    shift = SHIFT * laplacian.diagonal().max()
    factor = _factor(laplacian, -shift)
    if factor is None:
        return None
    inverse = _Inverse(factor, size)
    start = np.random.default_rng(0).standard_normal(size)
    basis = min(size, max(2 * count + 1, 20))
    try:
        values, vectors = eigsh(laplacian, count, sigma=-shift, OPinv=inverse, v0=start, ncv=basis)
    except ArpackError:
        return None
    order = values.argsort(kind="stable")
    return values[order], vectors[:, order]


class _Inverse(LinearOperator):
    """The inverse of a factored matrix, as the iterations want it."""

    def __init__(self, factor: SuperLU, size: int):
        super().__init__(np.dtype(np.float64), (size, size))
        self.factor = factor

    def _matvec(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.factor.solve(x)


def _is_complete(laplacian: csc_array, values: NDArray[np.float64]) -> bool:
    """Whether as many eigenvalues lie below the largest value as were found there."""
    below = values[-1] - 1e-6 * values[-1] - 1e-10 * laplacian.diagonal().max()
    if below <= 0:
        return True  # the values are zero, and the matrix has none below
    factor = _factor(laplacian, below)
    if factor is None or not np.array_equal(factor.perm_r, factor.perm_c):
        return False
    return int((factor.U.diagonal() < 0).sum()) == int((values < below).sum())


def _factor(laplacian: csc_array, shift: float) -> SuperLU | None:
    """Triangular factors of the matrix less ``shift``; rows are eliminated as columns are."""
    shifted = csc_array(laplacian - diags_array(np.full_like(laplacian.diagonal(), shift)))
    try:
        return splu(shifted, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=SYMMETRIC)
    except RuntimeError:  # exactly singular
        return None
