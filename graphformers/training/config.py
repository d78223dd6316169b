"""How a model is trained."""

from dataclasses import dataclass
from typing import Literal

from graphformers.errors import ConfigError

Schedule = Literal["cosine", "linear", "constant", "plateau"]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Optimiser, schedule and stopping rule.

    The learning rate rises linearly over ``warmup_epochs`` and then falls to
    ``final_learning_rate`` along a half cosine (or a line) at the last epoch. On a ``"plateau"`` it
    is multiplied by ``plateau_factor`` whenever the validation value has not improved for
    ``plateau_patience`` epochs, and never falls below ``final_learning_rate``. Training stops early
    after ``patience`` epochs without a better validation value, or at the end of the epoch in which
    ``minutes`` have passed. The weights kept are those of the best validation epoch.

    Args:
        epochs: passes over the training part
        batch_size: graphs or mesh cases in one optimiser step
        learning_rate: peak learning rate of AdamW
        weight_decay: decoupled weight decay of AdamW
        warmup_epochs: epochs of linear warm-up; fractions allowed
        schedule: how the learning rate falls after the warm-up; "plateau" has none
        final_learning_rate: where it ends
        plateau_patience: epochs without improvement before a plateau lowers the learning rate
        plateau_factor: what a plateau multiplies it by
        gradient_clip: largest norm of the gradient; 0 switches clipping off
        average_decay: decay per step of the averaged weights that are validated and kept, once
            some steps are behind; 0 keeps the raw weights
        patience: epochs without improvement before stopping; 0 never stops early
        minutes: wall-clock budget; 0 is no limit (a run cut by the clock cannot be reproduced
            exactly on another machine)
        seed: of initial weights, shuffling and dropout
        threads: CPU threads while training, 0 is torch's own choice; one is right for batches of
            small graphs, where a second gains a fifth on an idle machine and costs several times
            the run on a busy one
        devices: Lightning devices, "auto" or their number
        precision: of the arithmetic, as Lightning names it; mixed ones keep weights in float32

    """

    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-5
    warmup_epochs: float = 5.0
    schedule: Schedule = "cosine"
    final_learning_rate: float = 0.0
    plateau_patience: int = 15
    plateau_factor: float = 0.5
    gradient_clip: float = 1.0
    average_decay: float = 0.0
    patience: int = 0
    minutes: float = 0.0
    seed: int = 0
    threads: int = 0
    devices: str = "auto"
    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = "32-true"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be positive; got {getattr(self, name)}")
        for name in (
            "weight_decay",
            "warmup_epochs",
            "final_learning_rate",
            "plateau_patience",
            "gradient_clip",
            "patience",
            "minutes",
            "threads",
        ):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must not be negative; got {getattr(self, name)}")
        if not 0.0 <= self.average_decay < 1.0:
            raise ConfigError(f"average_decay must be in [0, 1); got {self.average_decay}")
        self._check_schedule()

    def _check_schedule(self) -> None:
        if self.final_learning_rate > self.learning_rate:
            raise ConfigError(
                "final_learning_rate must not exceed learning_rate; "
                f"got {self.final_learning_rate} and {self.learning_rate}"
            )
        if not 0.0 < self.plateau_factor < 1.0:
            raise ConfigError(f"plateau_factor must be in (0, 1); got {self.plateau_factor}")
        if self.schedule == "plateau" and self.warmup_epochs:
            raise ConfigError(
                f"a plateau has no warm-up: warmup_epochs must be 0; got {self.warmup_epochs}"
            )
