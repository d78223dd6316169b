"""Training a model on graphs, and predicting with it."""

import logging
import signal
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor, nn

from graphformers.errors import DataError
from graphformers.files import replacing
from graphformers.graph_batch import GraphSource
from graphformers.training.averaging import MovingAverage
from graphformers.training.batches import batch_loader
from graphformers.training.best_epoch import BestEpoch
from graphformers.training.config import TrainingConfig
from graphformers.training.module import TrainingModule
from graphformers.training.objective import Objective
from graphformers.training.run_folder import RESUME_FILE, keep_earlier_run


@dataclass(frozen=True)
class TrainingHistory:
    """Figures after every epoch, and the epoch whose weights the model now has."""

    rows: list[dict[str, float | int]]
    best_epoch: int
    best_value: float


def fit(
    model: nn.Module,
    objective: Objective,
    train: GraphSource,
    validation: GraphSource,
    config: TrainingConfig,
    *,
    folder: str | Path | None = None,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
) -> TrainingHistory:
    """Train ``model`` in place; it ends with the weights of the best validation epoch.

    With a ``folder``, a resume checkpoint is written after every epoch and a TensorBoard log is
    kept; ``resume`` goes on from that checkpoint and gives the numbers an uninterrupted run gives.
    Without it, a run that is in the folder is kept in ``previous-<number>`` there.
    Ctrl-C raises ``KeyboardInterrupt`` and leaves the last checkpoint whole.
    Raises ``DataError`` for an empty part, or when there is nothing to resume.
    """
    for name, part in (("training", train), ("validation", validation)):
        if len(part) == 0:
            raise DataError(f"the {name} part is empty; change the split")
    checkpoint = Path(folder) / RESUME_FILE if folder is not None else None
    if resume and (checkpoint is None or not checkpoint.exists()):
        raise DataError(f"nothing to resume: {checkpoint or 'no folder given'} does not exist")
    if checkpoint is not None and not resume:
        keep_earlier_run(checkpoint.parent)

    best = BestEpoch(patience=config.patience, minutes=config.minutes)
    averaging = [MovingAverage(config.average_decay)] if config.average_decay else []
    saving = [SaveForResume(checkpoint)] if checkpoint is not None else []
    module = TrainingModule(model, objective, config)
    with _quiet(), cpu_threads(config.threads), _interruptible():
        trainer = lightning.Trainer(
            max_epochs=config.epochs,
            devices=config.devices,
            precision=config.precision,
            gradient_clip_val=config.gradient_clip or None,
            callbacks=[best, *averaging, *callbacks, *saving],
            logger=TensorBoardLogger(folder, name="", version="log") if folder else False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
        )
        trainer.fit(
            module,
            batch_loader(train, config.batch_size, shuffle=True, seed=config.seed),
            batch_loader(validation, config.batch_size),
            ckpt_path=checkpoint if resume else None,
            weights_only=True,
        )
    if best.best_weights:
        model.load_state_dict(best.best_weights)
    model.eval()
    return TrainingHistory(best.history, best.best_epoch, best.best_value)


def predict(model: nn.Module, source: GraphSource, batch_size: int = 128) -> Iterator[Tensor]:
    """Predictions batch by batch, in order, on the model's device; memory stays constant."""
    device = next(model.parameters()).device
    model.eval()
    for batch in batch_loader(source, batch_size):
        with torch.inference_mode():
            yield model(batch.to(device)).cpu()


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Let torch use ``count`` CPU threads inside the block; 0 changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class SaveForResume(Callback):
    """Writes the resume checkpoint after every epoch, replacing the one before in one step."""

    def __init__(self, path: Path):
        self.path = path

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write to a temporary file, then move it into place."""
        with replacing(self.path) as temporary:
            trainer.save_checkpoint(temporary)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C reach the caller: Lightning ends the process and stays deaf to a second one."""
    listening = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as stop:
        if not isinstance(stop.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, listening)
        raise KeyboardInterrupt from stop


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's start-up notices and loader hints away from the user, for one run."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*Consider increasing.*")
            warnings.filterwarnings("ignore", message=".*LeafSpec.*")
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
