"""Smallest eigenvalues of the Laplacian of one large connected graph."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.sparse import csc_array, diags_array
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.sparse.linalg import ArpackError, LinearOperator, SuperLU, eigsh, splu
from torch import Tensor

from graphformers.encodings.eigenpairs import Normalization

SHIFT = 1e-6  # of the largest diagonal entry: makes the matrix definite, less than the gaps
WIDE = 5e7  # nodes times bandwidth from which on factors may be slow,
TOO_WIDE = 5e8  # and from which on they may not fit into memory
RESTARTS = 100
SYMMETRIC = {"SymmetricMode": True}

Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]


def sparse_eigenpairs(
    adjacency: csc_array, count: int, normalization: Normalization
) -> tuple[Float[Tensor, " count"], Float[Tensor, "nodes count"]] | None:
    """Eigenvalues in ascending order and eigenvectors of a symmetric adjacency matrix, in float64.

    Those of the random walk's Laplacian are left in the basis of the symmetric one. Lanczos
    iterations from the same start every time, on the inverse where the matrix has slim triangular
    factors, as those of meshes are, else on the matrix itself, whose eigenvalues lie apart where
    its edges reach far. They may miss copies of a repeated eigenvalue, so the result is checked.
    None when they do not converge or miss some.
    """
    laplacian = _laplacian(adjacency, normalization)
    width = _size(laplacian) * _bandwidth(adjacency)
    found = _unfactored(laplacian, count) if width > WIDE else None
    if found is None and width <= TOO_WIDE:
        found = _factored(laplacian, count)
    if found is None:
        return None
    values, vectors = (torch.from_numpy(one[..., :count].copy()) for one in found)
    return values.clamp(min=0.0), vectors


def _laplacian(adjacency: csc_array, normalization: Normalization) -> csc_array:
    degree = adjacency.sum(axis=0)
    if normalization == "none":
        return csc_array(diags_array(degree) - adjacency)
    floor = 1.0 if normalization == "in_degree" else 0.0
    with np.errstate(divide="ignore"):
        shrink = np.where(degree > 0, np.maximum(degree, floor) ** -0.5, 0.0)
    scale = diags_array(shrink)
    return csc_array(diags_array(np.ones(len(degree))) - scale @ adjacency @ scale)


def _size(matrix: csc_array) -> int:
    return len(matrix.diagonal())


def _bandwidth(adjacency: csc_array) -> int:
    """How far apart the ends of an edge are in the order of Cuthill and McKee."""
    order = reverse_cuthill_mckee(adjacency.tocsr(), symmetric_mode=True)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    source, target = adjacency.nonzero()
    return int(np.abs(place[source] - place[target]).max(initial=0))


def _start(size: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(size)


def _factored(laplacian: csc_array, count: int) -> Pairs | None:
    """Lanczos iterations on the inverse, a second time for more eigenvalues if some are missed."""
    size = _size(laplacian)
    shift = SHIFT * laplacian.diagonal().max()
    factor = _factor(laplacian, -shift)
    if factor is None:
        return None
    for wanted in (count, min(2 * count + 8, size - 2)):
        basis = min(size, max(2 * wanted + 1, 20))
        options = {"OPinv": _Inverse(factor, size), "v0": _start(size), "ncv": basis}
        try:
            found = eigsh(laplacian, wanted, sigma=-shift, **options)
        except ArpackError:
            continue
        values, vectors = _ascending(*found)
        if _is_complete(laplacian, values[:count]):
            return values, vectors
    return None


def _unfactored(laplacian: csc_array, count: int) -> Pairs | None:
    """Lanczos iterations on the matrix, and again without what was found, to see what is left."""
    size, basis = _size(laplacian), min(_size(laplacian), 4 * count + 20)
    largest = 2 * laplacian.diagonal().max()  # a bound: no row has more outside the diagonal
    try:
        options = {"which": "SA", "ncv": basis, "maxiter": RESTARTS}
        values, vectors = _ascending(*eigsh(laplacian, count, v0=_start(size), **options))
        rest = _Deflated(laplacian, vectors, 2 * largest)
        left, _ = eigsh(rest, 1, v0=_start(size, 1), tol=1e-6, **options)  # pyright: ignore[reportArgumentType]  (stubs say int)
    except ArpackError:
        return None
    return (values, vectors) if left[0] > values[-1] - 1e-5 * largest else None


def _ascending(values: NDArray[np.float64], vectors: NDArray[np.float64]) -> Pairs:
    order = values.argsort(kind="stable")
    return values[order], vectors[:, order]


class _Inverse(LinearOperator):
    """The inverse of a factored matrix, as the iterations want it."""

    def __init__(self, factor: SuperLU, size: int):
        super().__init__(np.dtype(np.float64), (size, size))
        self.factor = factor

    def _matvec(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.factor.solve(x)


class _Deflated(LinearOperator):
    """A matrix whose eigenvectors found so far get ``raised`` eigenvalues."""

    def __init__(self, matrix: csc_array, vectors: NDArray[np.float64], raised: float):
        super().__init__(np.dtype(np.float64), (len(vectors), len(vectors)))
        self.matrix, self.vectors, self.raised = matrix, vectors, raised

    def _matvec(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.matrix @ x + self.raised * (self.vectors @ (self.vectors.T @ x))


def _is_complete(laplacian: csc_array, values: NDArray[np.float64]) -> bool:
    """Whether as many eigenvalues lie below the largest value as were found there.

    How many there are is read from the signs of a factor (Sylvester's law of inertia).
    """
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
