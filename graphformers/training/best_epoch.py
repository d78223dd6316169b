"""Choosing the epoch whose weights are kept."""

import logging
import math
import time
from typing import cast

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor

from graphformers.training.module import TrainingModule

logger = logging.getLogger(__name__)


class BestEpoch(Callback):
    """Measures the validation part after every epoch and keeps the best weights.

    Stops training after ``patience`` epochs without improvement (0: never) or when ``minutes`` have
    passed (0: no limit). The history and the best weights are part of the resume checkpoint. Must
    stand before a weight-averaging callback, so that it sees the averaged weights.
    """

    def __init__(self, *, patience: int, minutes: float):
        self.patience = patience
        self.minutes = minutes
        self.history: list[dict[str, float | int]] = []
        self.best_epoch = -1
        self.best_value = math.nan
        self.best_weights: dict[str, Tensor] = {}
        self._outputs: list[dict[str, Tensor]] = []
        self._started = time.monotonic()

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def on_validation_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Forget the batches of the epoch before."""
        self._outputs = []

    def on_validation_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: STEP_OUTPUT,
        batch: object,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Gather predictions and targets."""
        tensors = cast(dict[str, Tensor], outputs)
        self._outputs.append({name: value.detach().cpu() for name, value in tensors.items()})

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Compute the figures, keep the weights if they are the best so far, maybe stop."""
        objective = cast(TrainingModule, pl_module).objective
        model = cast(TrainingModule, pl_module).model
        prediction = torch.cat([one["prediction"] for one in self._outputs])
        target = torch.cat([one["target"] for one in self._outputs])
        figures = objective.figures(prediction, target)
        pl_module.log_dict({f"validation_{name}": value for name, value in figures.items()})
        self._record(trainer, figures)
        value = figures[objective.monitor]
        if self._is_better(value, objective.higher_is_better):
            self.best_epoch, self.best_value = trainer.current_epoch, value
            weights = model.state_dict()
            self.best_weights = {name: one.detach().cpu().clone() for name, one in weights.items()}
        self._maybe_stop(trainer)

    def state_dict(self) -> dict[str, object]:
        """What a resumed run needs."""
        return {
            "history": self.history,
            "best_epoch": self.best_epoch,
            "best_value": self.best_value,
            "best_weights": self.best_weights,
        }

    def load_state_dict(self, state_dict: dict[str, object]) -> None:
        """Take up where the interrupted run stopped."""
        for name, value in state_dict.items():
            setattr(self, name, value)

    def _record(self, trainer: lightning.Trainer, figures: dict[str, float]) -> None:
        row: dict[str, float | int] = {"epoch": trainer.current_epoch}
        optimizer = trainer.optimizers[0]
        row["learning_rate"] = optimizer.param_groups[0]["lr"]
        self.history.append(row | {f"validation_{name}": value for name, value in figures.items()})

    def _is_better(self, value: float, higher_is_better: bool) -> bool:
        if math.isnan(value):
            return False
        if math.isnan(self.best_value):
            return True
        return value > self.best_value if higher_is_better else value < self.best_value

    def _maybe_stop(self, trainer: lightning.Trainer) -> None:
        waited = trainer.current_epoch - max(self.best_epoch, 0)
        if self.patience and waited >= self.patience:
            logger.info("no better epoch for %d epochs; stopping", waited)
            trainer.should_stop = True
        if self.minutes and time.monotonic() - self._started > 60 * self.minutes:
            logger.info("the budget of %.1f minutes is used; stopping", self.minutes)
            trainer.should_stop = True
