"""What training minimises and what it watches."""

from typing import Literal, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch


@runtime_checkable
class Objective(Protocol):
    """A loss, and the validation figures by which the best epoch is chosen."""

    monitor: str  # the figure that decides
    higher_is_better: bool

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Mean loss of one batch."""
        ...

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """Figures of the whole validation part, ``monitor`` among them."""
        ...


class MaskedRegression:
    """Absolute, squared or Huber error over the values that were measured (target not NaN)."""

    monitor = "rmse"
    higher_is_better = False

    def __init__(self, loss: Literal["l1", "mse", "huber"] = "l1"):
        self._pointwise = {"l1": F.l1_loss, "mse": F.mse_loss, "huber": F.smooth_l1_loss}[loss]

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Mean over measured values; zero, with a gradient of zero, when there are none."""
        measured, target = _measured(_target(batch))
        errors = self._pointwise(prediction, target.to(prediction), reduction="none")
        return (errors * measured).sum() / measured.sum().clamp(min=1)

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """Root mean square and mean absolute error in the units of the (scaled) target."""
        measured, filled = _measured(target)
        errors = (prediction - filled) * measured
        count = measured.sum().clamp(min=1)
        rmse = (errors.square().sum() / count).sqrt()
        return {"rmse": rmse.item(), "mae": (errors.abs().sum() / count).item()}


class MaskedClassification:
    """Binary cross-entropy of logits over the labels that are known (target not NaN)."""

    monitor = "cross_entropy"
    higher_is_better = False

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Mean over known labels; zero, with a gradient of zero, when there are none."""
        return self._cross_entropy(prediction, _target(batch))

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """Cross-entropy, and the share of labels on the right side of one half."""
        measured, label = _measured(target)
        right = ((prediction > 0) == (label > 0.5)) * measured
        accuracy = right.sum() / measured.sum().clamp(min=1)
        cross_entropy = self._cross_entropy(prediction, target)
        return {"cross_entropy": cross_entropy.item(), "accuracy": accuracy.item()}

    def _cross_entropy(self, prediction: Tensor, target: Tensor) -> Tensor:
        measured, label = _measured(target)
        label = label.to(prediction)
        errors = F.binary_cross_entropy_with_logits(prediction, label, reduction="none")
        return (errors * measured).sum() / measured.sum().clamp(min=1)


class CategoricalCrossEntropy:
    r"""Cross-entropy of one logit per class over the classes that are known (target not NaN).

    .. math:: w_c = (V - n_c) / V

    are the weights of the classes where ``weighted``: :math:`V` known labels in the batch,
    :math:`n_c` of class :math:`c`; classes that a batch lacks count nothing.

    Source of the weights: the weighted cross-entropy of Dwivedi et al. 2020, arXiv:2003.00982.
    """

    monitor = "cross_entropy"
    higher_is_better = False

    def __init__(self, *, weighted: bool = False):
        self.weighted = weighted

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Mean over known classes; zero, with a gradient of zero, when there are none."""
        return self._cross_entropy(prediction, _target(batch), weighted=self.weighted)

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """Cross-entropy without weights, and the share of right classes."""
        measured, label = _measured(target.reshape(-1))
        right = (prediction.argmax(1) == label) * measured
        accuracy = right.sum() / measured.sum().clamp(min=1)
        cross_entropy = self._cross_entropy(prediction, target, weighted=False)
        return {"cross_entropy": cross_entropy.item(), "accuracy": accuracy.item()}

    def _cross_entropy(self, prediction: Tensor, target: Tensor, *, weighted: bool) -> Tensor:
        measured, filled = _measured(target.reshape(-1))
        label = filled.long()
        weights = measured.to(prediction)
        if weighted:
            counts = prediction.new_zeros(prediction.shape[1]).index_add(0, label, weights)
            known = weights.sum().clamp(min=1)
            of_class = torch.where(counts > 0, (known - counts) / known, 0.0)
            weights = weights * of_class[label]
        errors = F.cross_entropy(prediction, label, reduction="none")
        return (errors * weights).sum() / weights.sum().clamp(min=1e-12)


def _target(batch: GraphBatch) -> Tensor:
    if batch.target is None:
        raise DataError("training needs targets; the batch carries none")
    return batch.target


def _measured(target: Tensor) -> tuple[Tensor, Tensor]:
    """Mask of the values that are there, and the target with zeros where they are not."""
    measured = ~torch.isnan(target)
    return measured, target.nan_to_num(0.0)
