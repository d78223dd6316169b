"""Averaging the weights of the last steps."""

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class MovingAverage(WeightAveraging):
    r"""An exponential moving average that soon forgets the random weights it began with.

    The decay of step :math:`n` is :math:`\min(d, (1 + n) / (10 + n))`: a run of a few hundred steps
    is not held back by its start, and a long one ends with the decay :math:`d`. Lightning's own
    callback has :math:`d` from the first step on.
    """

    def __init__(self, decay: float):
        super().__init__(multi_avg_fn=_Update(decay))


class _Update:
    """How the averaged tensors follow the current ones after so many steps."""

    def __init__(self, decay: float):
        self.decay = decay

    def __call__(self, averaged: list[Tensor], current: list[Tensor], steps: Tensor) -> None:
        done = int(steps)
        share = 1 - min(self.decay, (1 + done) / (10 + done))
        for kept, new in zip(averaged, current, strict=True):
            if kept.is_floating_point() or kept.is_complex():
                kept.lerp_(new, share)
            else:  # counts and offsets have no mean
                kept.copy_(new)
