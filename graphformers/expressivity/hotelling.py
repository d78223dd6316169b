"""Hotelling's test of whether the mean of differences is zero."""

import torch
from jaxtyping import Float
from scipy import stats
from torch import Tensor

from graphformers.errors import ConfigError


def t_squared(
    first: Float[Tensor, "copies dim"],
    second: Float[Tensor, "copies dim"],
    *,
    floor: float = 0.0,
    times_copies: bool = False,
) -> float:
    r"""Size of the mean difference of paired rows, measured by how much the differences scatter.

    .. math:: d_m = u_m - v_m, \qquad
              T^2 = \bar d^\top \bigl(S + (\epsilon s)^2 I\bigr)^+ \bar d, \qquad
              S = \tfrac{1}{q-1} \sum_m (d_m - \bar d)(d_m - \bar d)^\top

    :math:`q` is the number of copies, :math:`s` the root mean square of all embeddings and
    :math:`\epsilon` the ``floor``: a difference of less than about :math:`\epsilon s`, which
    rounding makes, counts as none. Without floor this is the statistic of the published programs of
    BREC, to which a difference with no scatter at all is none (:math:`0^+ = 0`); ``times_copies``
    multiplies it by :math:`q`, as in the text of Hotelling's test.

    Source: Hotelling 1931; Wang and Zhang 2024, arXiv:2304.07702, section 4.
    """
    difference = first - second
    mean = difference.mean(dim=0)
    scatter = torch.cov(difference.mT).reshape(len(mean), len(mean))
    if floor:
        scale = torch.cat([first, second]).square().mean().sqrt()
        smallest = torch.finfo(scatter.dtype).tiny
        noise = (floor * scale).square().clamp_min(smallest)
        scatter = scatter + noise * torch.eye(len(mean)).to(scatter)
        solved = torch.linalg.solve(scatter, mean)
    else:
        solved = torch.linalg.pinv(scatter) @ mean
    return float(mean @ solved) * (len(difference) if times_copies else 1)


def t_squared_threshold(copies: int, dim: int, level: float = 0.95) -> float:
    r"""Value that :math:`T^2` stays below with probability ``level`` where the mean is zero.

    .. math:: \frac{(q-1)\,d}{q-d}\; F^{-1}_{d,\,q-d}(\mathrm{level})

    72.34 for the 32 copies and 16 columns of BREC.
    """
    if not copies > dim:
        raise ConfigError(
            f"Hotelling's test needs more copies than columns; got {copies} copies, {dim} columns"
        )
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level must lie between 0 and 1; got {level}")
    quantile = float(stats.f.ppf(level, dim, copies - dim))
    return (copies - 1) * dim / (copies - dim) * quantile
