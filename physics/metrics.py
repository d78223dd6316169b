"""How far a predicted field is from the true one, in the units of the field."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import rankdata

from graphformers.errors import ShapeError

ROUNDING = 1e-9  # spread below which numbers count as equal
NEAREST_SHELL = 1e-3  # of the wall's extent: how thick the shell at the wall is
SHARES = ("relative_l2", "correlation", "spearman", "r2")  # metrics without a unit


@dataclass(frozen=True, kw_only=True)
class FieldErrors:
    """Errors of one field of one case; all but the first in the unit of the field."""

    relative_l2: float  # share of the field's own size
    rms: float
    mean: float  # of the size of the error
    largest: float
    wall_rms: float  # NaN where there is no wall


@dataclass(frozen=True, eq=False, kw_only=True)
class DistanceProfile:
    """Error in shells around the wall; a shell without points has NaN."""

    edges: Float[np.ndarray, " shells_plus_1"]  # distances between which a shell lies
    rms: Float[np.ndarray, " shells"]
    count: Int[np.ndarray, " shells"]


def relative_l2(
    prediction: Float[np.ndarray, "points components"],
    truth: Float[np.ndarray, "points components"],
) -> float:
    r"""Size of the error as a share of the size of the field.

    .. math:: \sqrt{\sum_i |y_i - t_i|^2 \Big/ \sum_i |t_i|^2}

    Points count alike, however large their cells. Infinite for a wrong prediction of a zero field.
    """
    _check(prediction, truth)
    difference = np.linalg.norm(np.asarray(prediction, np.float64) - truth)
    size = np.linalg.norm(np.asarray(truth, np.float64))
    if size == 0:
        return 0.0 if difference == 0 else float("inf")
    return float(difference / size)


def field_errors(
    prediction: Float[np.ndarray, "points components"],
    truth: Float[np.ndarray, "points components"],
    on_wall: Bool[np.ndarray, " points"],
) -> FieldErrors:
    """All errors of one field; a vector's error at a point is the length of the difference."""
    error = point_error(prediction, truth)
    return FieldErrors(
        relative_l2=relative_l2(prediction, truth),
        rms=_rms(error),
        mean=float(error.mean()) if error.size else float("nan"),
        largest=float(error.max(initial=0.0)),
        wall_rms=_rms(error[on_wall]) if on_wall.any() else float("nan"),
    )


def mean_errors(cases: Sequence[Mapping[str, FieldErrors]]) -> dict[str, float]:
    """Mean over cases of every error of every field, named ``p/relative_l2`` and so on."""
    collected: dict[str, list[float]] = {}
    for fields in cases:
        for field, errors in fields.items():
            for name, value in asdict(errors).items():
                collected.setdefault(f"{field}/{name}", []).append(value)
    return {name: float(np.mean(values)) for name, values in collected.items()}


def point_error(
    prediction: Float[np.ndarray, "points components"],
    truth: Float[np.ndarray, "points components"],
) -> Float[np.ndarray, " points"]:
    """Length of the difference at every point."""
    _check(prediction, truth)
    return np.linalg.norm(np.asarray(prediction, np.float64) - truth, axis=1)


def error_by_distance(
    error: Float[np.ndarray, " points"],
    distance: Float[np.ndarray, " points"],
    edges: Float[np.ndarray, " shells_plus_1"],
) -> DistanceProfile:
    """Root mean square error in each shell ``edges[k] <= distance < edges[k + 1]``."""
    shell = np.searchsorted(edges, distance, side="right") - 1
    inside = (shell >= 0) & (shell < len(edges) - 1)
    count = np.bincount(shell[inside], minlength=len(edges) - 1)
    squares = np.bincount(shell[inside], error[inside] ** 2, minlength=len(edges) - 1)
    mean = squares / np.maximum(count, 1)
    return DistanceProfile(edges=edges, rms=np.where(count, np.sqrt(mean), np.nan), count=count)


def distance_shells(
    distance: Float[np.ndarray, " points"], extent: float, count: int = 12
) -> Float[np.ndarray, " shells_plus_1"]:
    """Shells around the wall that hold every point: one at the wall, then ever thicker ones.

    The first ends at ``NEAREST_SHELL`` of the wall's ``extent``, the others grow by one factor.
    """
    farthest = np.nextafter(
        max(float(distance.max(initial=0.0)), 2 * NEAREST_SHELL * extent), np.inf
    )
    return np.concatenate([[0.0], np.geomspace(NEAREST_SHELL * extent, farthest, count)])


def number_errors(
    prediction: Float[np.ndarray, " cases"], truth: Float[np.ndarray, " cases"]
) -> dict[str, float]:
    r"""Errors of one number per case, such as the lift, and how well it follows the truth.

    ``correlation`` is Pearson's, ``spearman`` that of the ranks, and ``r2`` the share of the
    truth's variance that is explained,

    .. math:: R^2 = 1 - \sum_i (y_i - t_i)^2 \Big/ \sum_i (t_i - \bar t)^2

    which, other than a correlation, falls with a bias. They are NaN where a side does not vary.
    """
    truth = np.asarray(truth, np.float64)
    error = np.asarray(prediction, np.float64) - truth
    spread = np.square(truth - truth.mean()).sum()
    explained = 1 - np.square(error).sum() / spread if np.std(truth) > ROUNDING else np.nan
    return {
        "rms": _rms(error),
        "bias": float(error.mean()),
        "largest": float(np.abs(error).max()),
        "correlation": _pearson(prediction, truth),
        "spearman": _pearson(rankdata(prediction), rankdata(truth)),
        "r2": float(explained),
    }


def metric_unit(metric: str, units: Mapping[str, str]) -> str:
    """Unit of a metric such as ``p/rms``, given those of the fields; empty where it has none."""
    field, _, name = metric.partition("/")
    return "" if name in SHARES else units.get(field, "")


def _pearson(left: np.ndarray, right: np.ndarray) -> float:
    varies = len(left) > 1 and min(np.std(left), np.std(right)) > ROUNDING
    return float(np.corrcoef(left, right)[0, 1]) if varies else float("nan")


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else float("nan")


def _check(prediction: np.ndarray, truth: np.ndarray) -> None:
    if prediction.shape != truth.shape or prediction.ndim != 2:
        raise ShapeError(
            "prediction and truth must both be (points, components); "
            f"got {tuple(prediction.shape)} and {tuple(truth.shape)}"
        )
