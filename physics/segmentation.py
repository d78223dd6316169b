"""What a segmentation is trained with and judged by."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from graphformers.errors import ShapeError

NO_LABEL = -1  # of points that nobody labelled: no loss, no score
LABEL_SMOOTHING = 0.1
SHARE_OF_TEACHER = 0.5


def segmentation_loss(
    logits: Float[Tensor, "points classes"],
    target: Int[Tensor, " points"],
    label_smoothing: float = LABEL_SMOOTHING,
) -> Float[Tensor, ""]:
    """Smoothed cross-entropy plus ``lovasz_softmax``, over the points that have a label.

    Source: the criteria of Yilmaz et al. 2026, arXiv:2604.19609.
    """
    logits, target = _labelled(logits, target)
    if not len(target):
        return logits.sum()
    return F.cross_entropy(logits, target, label_smoothing=label_smoothing) + _lovasz(
        logits, target
    )


def distillation_loss(
    logits: Float[Tensor, "points classes"],
    second_logits: Float[Tensor, "points classes"],
    target: Int[Tensor, " points"],
    teacher: Int[Tensor, " points"],
) -> Float[Tensor, ""]:
    r"""Half from the labels, half from what a teacher says, each through its own head.

    .. math:: \tfrac12 L(z, y) + \tfrac12 L(z', \hat y)

    with ``segmentation_loss`` :math:`L` and the hard labels :math:`\hat y` of the teacher.

    Source: Yilmaz et al. 2026, arXiv:2604.19609.
    """
    own = (1 - SHARE_OF_TEACHER) * segmentation_loss(logits, target)
    return own + SHARE_OF_TEACHER * segmentation_loss(second_logits, teacher)


def lovasz_softmax(
    logits: Float[Tensor, "points classes"], target: Int[Tensor, " points"]
) -> Float[Tensor, ""]:
    r"""One minus the intersection over union, made differentiable; mean over the classes present.

    .. math::
        \Delta_c(M) = \frac{|M|}{|\{y = c\} \cup M|}, \qquad
        m_i = \begin{cases} 1 - p_{ic} & y_i = c \\ p_{ic} & \text{else} \end{cases}, \qquad
        L_c = \sum_i m_{\pi_i} \bigl(\Delta_c(\{\pi_1 .. \pi_i\})
            - \Delta_c(\{\pi_1 .. \pi_{i-1}\})\bigr)

    where :math:`\Delta_c` is the Jaccard loss of a set :math:`M` of wrong points, :math:`p` the
    softmax of the logits and :math:`\pi` sorts the errors :math:`m`, largest first.

    Source: Berman et al. 2018, arXiv:1705.08790, eq. 8, 9 and 11.
    """
    logits, target = _labelled(logits, target)
    return _lovasz(logits, target) if len(target) else logits.sum()


def intersection_over_union(
    prediction: Int[Tensor, " points"], target: Int[Tensor, " points"], classes: int
) -> Float[Tensor, " classes"]:
    """Shared points of every class as a share of all that either side calls so.

    NaN for a class nobody names. Points without a label do not count; to judge several cases,
    lay their points end to end. The mean over classes is ``nanmean()``.
    """
    if prediction.shape != target.shape or prediction.ndim != 1:
        raise ShapeError(
            "prediction and target must both be (points,); "
            f"got {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    known = target != NO_LABEL
    prediction, target = prediction[known], target[known]
    shared = target[prediction == target].bincount(minlength=classes).double()
    either = prediction.bincount(minlength=classes) + target.bincount(minlength=classes) - shared
    return shared / either


def _lovasz(logits: Tensor, target: Tensor) -> Tensor:
    present = target.unique()
    is_class = (target[:, None] == present).to(logits.dtype)
    errors = (is_class - logits.softmax(dim=1)[:, present]).abs()
    errors, order = errors.sort(dim=0, descending=True)
    others = (1 - is_class.gather(0, order)).cumsum(dim=0)
    wrong = torch.arange(1, len(target) + 1, device=logits.device)[:, None]
    jaccard = wrong / (is_class.sum(dim=0) + others)
    return (errors * jaccard.diff(dim=0, prepend=torch.zeros_like(jaccard[:1]))).sum(0).mean()


def _labelled(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The points that have a label."""
    if logits.ndim != 2 or target.shape != logits.shape[:1]:
        raise ShapeError(
            "logits must be (points, classes) and target (points,); "
            f"got {tuple(logits.shape)} and {tuple(target.shape)}"
        )
    known = target != NO_LABEL
    return logits[known], target[known]
