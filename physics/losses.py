"""What training on fields may minimise."""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ConfigError, DataError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_reduce
from graphformers.physics.models.continuum.grid_cases import grid_cases
from graphformers.training import Objective

_ZERO = 1e-12  # below this the size of a field counts as this


class AbsoluteError:
    """Absolute error of normalised fields at the points a prediction was made for."""

    monitor = "error"
    higher_is_better = False

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Mean over all numbers."""
        target = target_of(batch)
        known = ~(prediction.isnan() | target.isnan())
        return (prediction[known] - target[known]).abs().mean()

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """Root mean square error as a share of the fields' spread over the training cases."""
        known = ~target.isnan()
        squared = (prediction[known] - target[known]).square().mean()
        return {"error": squared.sqrt().item()}


class RelativeL2:
    r"""Size of the error as a share of the size of the fields, case by case.

    .. math:: L = \mathrm{mean}_c\, \sqrt{\textstyle\sum_{i \in c} |y_i - t_i|^2}
              \Big/ \sqrt{\textstyle\sum_{i \in c} |t_i|^2}

    over all fields of a case together. Points where the target or the prediction is NaN are left
    out, and so are cases without points.
    """

    monitor = "error"
    higher_is_better = False

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Mean over the cases of a batch."""
        target = target_of(batch)
        error, size = _known(prediction, target)
        squares = torch.stack([error.square().sum(1), size.square().sum(1)], dim=1)
        of_case = segment_reduce(squares, batch.ptr, "sum")
        ratio = _root(of_case[:, 0]) / _root(of_case[:, 1])
        counted = batch.ptr.diff() > 0
        return ratio[counted].mean()

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """The same ratio for all cases taken as one."""
        error, size = _known(prediction, target)
        return {"error": float(error.norm() / size.norm().clamp(min=_ZERO))}


class MeanSquares:
    r"""Mean squared error of every field, then their weighted mean.

    .. math:: L = \sum_f w_f\, \mathrm{mean}_i\, (y_{if} - t_{if})^2 \Big/ \sum_f w_f

    With normalised fields equal ``weights`` treat them alike; None is equal weights. Numbers that
    are NaN in the target or the prediction are left out.
    """

    monitor = "error"
    higher_is_better = False

    def __init__(self, weights: Sequence[float] | None = None):
        if weights is not None and (not weights or min(weights) < 0 or sum(weights) == 0):
            raise ConfigError(f"weights must not be negative nor all zero; got {tuple(weights)}")
        self.weights = weights

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Weighted mean over fields."""
        squares = self._by_field(prediction, target_of(batch))
        return self._mean(squares)

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """Root of the loss, and root mean square error of every field."""
        squares = self._by_field(prediction, target)
        each = {f"field_{k}": float(one) for k, one in enumerate(squares.sqrt())}
        return {"error": float(self._mean(squares).sqrt()), **each}

    def _by_field(self, prediction: Tensor, target: Tensor) -> Float[Tensor, " fields"]:
        if self.weights is not None and len(self.weights) != target.shape[1]:
            raise ConfigError(
                f"need one weight for each of {target.shape[1]} fields; got {len(self.weights)}"
            )
        known = ~(prediction.isnan() | target.isnan())
        error = torch.where(known, prediction - target, 0.0)
        return error.square().sum(0) / known.sum(0).clamp(min=1)

    def _mean(self, squares: Tensor) -> Tensor:
        if self.weights is None:
            return squares.mean()
        weight = squares.new_tensor(self.weights)
        return (weight * squares).sum() / weight.sum()


class RelativeH1:
    r"""Size of the error and of its gradient as a share of those of the fields, on grids.

    .. math:: L = \mathrm{mean}_c\, \frac{\|e\| + \|\nabla e\|}{\|t\| + \|\nabla t\|}, \qquad
              \|f\| = \sqrt{\mathrm{mean}_i |f_i|^2}

    over all fields of a case together. The nodes of every case are a regular grid of the plane, row
    by row; gradients are central differences, one-sided at the edges, divided by the spacing of the
    positions, so that the loss means the same at every resolution. ``unit_spacing`` counts in grid
    steps instead, as published programs do: gradients then weigh less on finer grids.

    Source: the loss of Calvello et al. 2024, arXiv:2406.06486, for two-dimensional problems.
    """

    monitor = "error"
    higher_is_better = False

    def __init__(self, *, unit_spacing: bool = False):
        self.unit_spacing = unit_spacing

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Mean over the cases of a batch."""
        target = target_of(batch)
        if batch.positions is None:
            raise DataError("gradients need positions; the batch carries none")
        ratios = []
        for nodes in grid_cases(batch.positions, batch.ptr):
            positions, truth = batch.positions[nodes], target[nodes]
            spacing = (1.0, 1.0) if self.unit_spacing else _spacing(positions)
            error = _size(prediction[nodes] - truth, spacing)
            ratios.append(error / _size(truth, spacing))
        return torch.cat(ratios).mean()

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """Relative L2 of all cases taken as one: gradients need the grids."""
        return RelativeL2().figures(prediction, target)


LOSSES: Mapping[str, Callable[[], Objective]] = {
    "absolute": AbsoluteError,
    "mean-squares": MeanSquares,
    "relative-l2": RelativeL2,
    "h1": RelativeH1,
    "h1-unit-spacing": lambda: RelativeH1(unit_spacing=True),
}
OF_WHOLE_GRIDS = ("h1", "h1-unit-spacing")


def target_of(batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
    """The fields of a batch; ``DataError`` when it carries none."""
    if batch.target is None:
        raise DataError("training needs fields; the cases carry none")
    return batch.target


def _known(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Error and target with zeros where either is not known."""
    if prediction.shape != target.shape:
        raise ShapeError(
            f"prediction and fields must match; got {tuple(prediction.shape)} "
            f"and {tuple(target.shape)}"
        )
    known = ~(prediction.isnan() | target.isnan())
    return torch.where(known, prediction - target, 0.0), torch.where(known, target, 0.0)


def _root(squares: Tensor) -> Tensor:
    """Square root whose gradient at zero is finite."""
    return squares.clamp(min=_ZERO**2).sqrt()


def _spacing(positions: Float[Tensor, "cases rows columns 2"]) -> tuple[Tensor, Tensor]:
    """Distance of rows and of columns, per case."""
    down, right = (
        torch.linalg.vector_norm(positions.diff(dim=axis)[:, 0, 0], dim=-1) for axis in (1, 2)
    )
    return down.view(-1, 1, 1, 1), right.view(-1, 1, 1, 1)


def _size(
    fields: Float[Tensor, "cases rows columns fields"],
    spacing: tuple[Tensor, Tensor] | tuple[float, float],
) -> Float[Tensor, " cases"]:
    down, right = torch.gradient(fields, dim=(1, 2))
    slope = (down / spacing[0]).square() + (right / spacing[1]).square()
    return _root_mean(fields.square()) + _root_mean(slope)


def _root_mean(squares: Tensor) -> Float[Tensor, " cases"]:
    return _root(squares.sum(-1).flatten(1).mean(1))
