"""Losses and scores of segmentation against their definitions."""

from itertools import pairwise, permutations

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.physics.segmentation import (
    distillation_loss,
    intersection_over_union,
    lovasz_softmax,
    segmentation_loss,
)

ROUNDING = 1e-12


def jaccard_loss(wrong, of_class):
    """One minus intersection over union when the points in ``wrong`` are predicted wrongly."""
    predicted = of_class ^ wrong
    union = of_class | predicted
    return 1 - len(of_class & predicted) / len(union) if union else 0.0


def extension_by_thresholds(errors, of_class):
    """The integral over thresholds of the loss of all points with larger errors."""
    levels = sorted({0.0, *errors})
    total = 0.0
    for low, high in pairwise(levels):
        wrong = {i for i, error in enumerate(errors) if error >= high}
        total += (high - low) * jaccard_loss(wrong, of_class)
    return total


def extension_by_permutations(errors, of_class):
    """The largest sum of marginal losses over all orders: the convex closure."""
    best = float("-inf")
    for order in permutations(range(len(errors))):
        sets = [set(order[:count]) for count in range(len(order) + 1)]
        losses = [jaccard_loss(one, of_class) for one in sets]
        gains = zip(order, losses[1:], losses, strict=False)
        best = max(best, sum(errors[i] * (after - before) for i, after, before in gains))
    return best


@pytest.mark.parametrize("extension", [extension_by_thresholds, extension_by_permutations])
@pytest.mark.parametrize("seed", range(5))
def test_lovasz_softmax_is_the_extension_of_the_jaccard_loss(seed, extension):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    target = torch.randint(0, 3, (5,), generator=generator)
    losses = []
    for one in target.unique().tolist():
        share = logits.softmax(1)[:, one].tolist()
        of_class = {i for i, label in enumerate(target.tolist()) if label == one}
        errors = [1 - p if i in of_class else p for i, p in enumerate(share)]
        losses.append(extension(errors, of_class))
    assert lovasz_softmax(logits, target).item() == pytest.approx(
        sum(losses) / len(losses), abs=ROUNDING
    )


def test_certain_answers_cost_their_jaccard_loss():
    target = torch.tensor([0, 0, 0, 1])
    prediction = torch.tensor([0, 0, 1, 1])
    logits = 200 * torch.nn.functional.one_hot(prediction, 2).double()
    expected = 1 - intersection_over_union(prediction, target, 2).mean()
    assert lovasz_softmax(logits, target).item() == pytest.approx(expected.item(), abs=ROUNDING)
    assert lovasz_softmax(logits, prediction).item() == pytest.approx(0, abs=ROUNDING)


def test_gradients_of_the_loss_are_those_of_finite_differences():
    logits = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0, 1, 2, 2, 1, -1])
    assert torch.autograd.gradcheck(lambda x: segmentation_loss(x, target), [logits])


def test_points_without_a_label_cost_nothing():
    logits = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0, -1, 2, 2, -1, 1])
    known = target >= 0
    loss = segmentation_loss(logits, target)
    assert loss == segmentation_loss(logits[known], target[known])
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[~known].abs().max() == 0
    nothing = segmentation_loss(logits, torch.full((6,), -1))
    assert nothing == 0
    assert lovasz_softmax(logits, torch.full((6,), -1)) == 0
    nothing.backward()


def test_labels_and_teacher_count_half_each():
    first, second = torch.randn(2, 6, 3, dtype=torch.float64)
    target, teacher = torch.tensor([[0, 1, 2, 0, 1, 2], [2, 1, 0, 0, 1, 1]])
    expected = segmentation_loss(first, target) / 2 + segmentation_loss(second, teacher) / 2
    assert distillation_loss(first, second, target, teacher).item() == pytest.approx(
        expected.item(), abs=ROUNDING
    )


def test_intersection_over_union_counts_by_class():
    prediction = torch.tensor([0, 0, 1, 1, 2, 0])
    target = torch.tensor([0, 1, 1, 1, 0, -1])
    scores = intersection_over_union(prediction, target, 4)
    assert scores[:3].tolist() == [1 / 3, 2 / 3, 0.0]
    assert scores[3].isnan()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"got \(4, 3\) and \(5,\)"):
        segmentation_loss(torch.zeros(4, 3), torch.zeros(5).long())
    with pytest.raises(ShapeError, match=r"got \(4,\) and \(5,\)"):
        intersection_over_union(torch.zeros(4).long(), torch.zeros(5).long(), 2)
