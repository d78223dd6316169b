"""Averaging the weights of the last steps."""

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage(WeightAveraging):
    r"""An exponential moving average that soon forgets the random weights it began with.

    The decay of step :math:`n` is :math:`\min(d, (1 + n) / (10 + n))`: a run of a few hundred steps
    is not held back by its start, and a long one ends with the decay :math:`d`. Lightning's own
    callback has :math:`d` from the first step on.
    """

    def __init__(self, decay: float):
        super().__init__(multi_avg_fn=_Update(decay))


class _Update:
    def __init__(self, decay: float):
        self.decay = decay

    def __call__(self, averaged: list[Tensor], current: list[Tensor], steps: Tensor) -> None:
        done = int(steps)
        decay = min(self.decay, (1 + done) / (10 + done))
        get_ema_multi_avg_fn(decay)(averaged, current, steps)
