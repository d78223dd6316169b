"""Learning-rate factors."""

import math

from graphformers.training.config import Schedule

SMALLEST_FACTOR = 1e-6


def learning_rate_factor(
    epoch: float, *, epochs: int, warmup_epochs: float, schedule: Schedule, floor: float = 0.0
) -> float:
    r"""Factor of the peak learning rate after ``epoch`` epochs (fractions between steps).

    .. math:: f(t) = \max(10^{-6}, t / w) \text{ for } t < w, \quad
        f(t) = m + (1 - m)\, \tfrac12 \bigl(1 + \cos \pi \tfrac{t - w}{T - w}\bigr)
        \text{ after}

    with :math:`w` warm-up epochs of :math:`T` and the ``floor`` :math:`m`; ``"linear"`` falls along
    a line, ``"constant"`` stays at one. A ``"plateau"`` depends on what validation finds and is one
    here.

    Source: Rampášek et al. 2022, arXiv:2205.12454, released schedule; the floor is that of Ma et
    al. 2025, arXiv:2504.12588. Ours moves every step, theirs every epoch.
    """
    if epoch < warmup_epochs:
        return max(SMALLEST_FACTOR, epoch / warmup_epochs)
    if schedule in ("constant", "plateau"):
        return 1.0
    progress = min(1.0, (epoch - warmup_epochs) / max(epochs - warmup_epochs, SMALLEST_FACTOR))
    falling = 1.0 - progress if schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * progress))
    return floor + (1.0 - floor) * falling
