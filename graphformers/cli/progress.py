"""A progress bar over epochs."""

from typing import cast

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from graphformers.training.module import TrainingModule


class EpochProgress(Callback):
    """One bar for the whole run, with the latest training loss and validation figure beside it."""

    def __init__(self, title: str, console: Console | None = None):
        self._progress = Progress(
            TextColumn(f"[bold]{title}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Show the bar, from where the run stands."""
        batches = int(trainer.num_training_batches)
        self._task = self._progress.add_task(
            "epochs",
            total=(trainer.max_epochs or 1) * batches,
            completed=trainer.current_epoch * batches,
            figures="",
        )
        self._progress.start()

    def on_train_batch_end(self, *arguments: object, **more: object) -> None:
        """Move on by one step."""
        self._progress.advance(self._task)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Show the latest figures."""
        watched = cast(TrainingModule, pl_module).objective.monitor
        names = {"loss": "train_loss", f"validation {watched}": f"validation_{watched}"}
        figures = trainer.callback_metrics
        parts = [f"{label} {figures[name]:.3f}" for label, name in names.items() if name in figures]
        self._progress.update(self._task, figures="  ".join(parts))

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Leave the finished bar on the screen."""
        self._progress.stop()

    def on_exception(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        exception: BaseException,
    ) -> None:
        """Give the terminal back."""
        self._progress.stop()
