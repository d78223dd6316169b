"""Learning-rate factors."""

import math

from graphformers.training.config import Schedule

SMALLEST_FACTOR = 1e-6


def learning_rate_factor(
    epoch: float, *, epochs: int, warmup_epochs: float, schedule: Schedule
) -> float:
    r"""Factor of the peak learning rate after ``epoch`` epochs (fractions between steps).

    .. math:: f(t) = \max(10^{-6}, t / w) \text{ for } t < w, \quad
        f(t) = \tfrac12 \bigl(1 + \cos \pi \tfrac{t - w}{T - w}\bigr) \text{ after}

    with :math:`w` warm-up epochs of :math:`T`; ``"linear"`` falls along a line, ``"constant"``
    stays at one.

    Source: Rampášek et al. 2022, arXiv:2205.12454, released schedule. Ours moves every step, theirs
    every epoch.
    """
    if epoch < warmup_epochs:
        return max(SMALLEST_FACTOR, epoch / warmup_epochs)
    if schedule == "constant":
        return 1.0
    progress = min(1.0, (epoch - warmup_epochs) / max(epochs - warmup_epochs, SMALLEST_FACTOR))
    if schedule == "linear":
        return 1.0 - progress
    return 0.5 * (1.0 + math.cos(math.pi * progress))
