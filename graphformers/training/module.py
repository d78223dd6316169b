"""A model and its objective as Lightning trains them."""

import lightning.pytorch as lightning
import torch
from lightning.pytorch.utilities.types import LRSchedulerTypeUnion, OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.training.batches import epoch_seed
from graphformers.training.config import TrainingConfig
from graphformers.training.objective import Objective
from graphformers.training.schedule import learning_rate_factor


class TrainingModule(lightning.LightningModule):
    """AdamW with a schedule; every step starts from its own random seed.

    Dropout and sign flips then depend on the seed and the step, not on what ran before: a resumed
    run draws what an uninterrupted one draws.
    """

    def __init__(self, model: nn.Module, objective: Objective, config: TrainingConfig):
        super().__init__()
        self.model = model
        self.objective = objective
        self.training_config = config

    def on_train_batch_start(self, batch: GraphBatch, batch_idx: int) -> None:
        """Seed everything random in this step."""
        torch.manual_seed(epoch_seed(self.training_config.seed, self.current_epoch) + batch_idx)

    def training_step(self, batch: GraphBatch, batch_idx: int) -> Tensor:
        """Loss of one batch."""
        loss = self.objective.loss(self.model(batch), batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=batch.num_graphs)
        return loss

    def validation_step(self, batch: GraphBatch, batch_idx: int) -> dict[str, Tensor]:
        """Prediction and target of one batch, for whoever gathers them."""
        if batch.target is None:
            raise DataError("validation graphs must carry targets")
        return {"prediction": self.model(batch), "target": batch.target}

    def on_validation_epoch_end(self) -> None:
        """Tell a plateau what was found, before this epoch is saved for a resumed run."""
        plateau = self.lr_schedulers()
        if isinstance(plateau, ReduceLROnPlateau):
            plateau.step(self.trainer.callback_metrics[f"validation_{self.objective.monitor}"])

    def lr_scheduler_step(self, scheduler: LRSchedulerTypeUnion, metric: object) -> None:
        """Move a schedule of steps; a plateau has moved already."""
        if not isinstance(scheduler, ReduceLROnPlateau):
            super().lr_scheduler_step(scheduler, metric)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW and what moves its learning rate: every step, or after every epoch on a plateau."""
        config = self.training_config
        optimizer = AdamW(
            self.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=not config.precision.endswith("mixed"),  # Lightning would not clip its gradients
        )
        if config.schedule == "plateau":
            watched = f"validation_{self.objective.monitor}"
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": self._plateau(optimizer), "monitor": watched},
            }
        batches = self.trainer.estimated_stepping_batches / config.epochs

        def factor(step: int) -> float:
            return learning_rate_factor(
                (step + 1) / batches,
                epochs=config.epochs,
                warmup_epochs=config.warmup_epochs,
                schedule=config.schedule,
                floor=config.final_learning_rate / config.learning_rate,
            )

        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": LambdaLR(optimizer, factor), "interval": "step"},
        }

    def _plateau(self, optimizer: AdamW) -> ReduceLROnPlateau:
        config = self.training_config
        return ReduceLROnPlateau(
            optimizer,
            mode="max" if self.objective.higher_is_better else "min",
            factor=config.plateau_factor,
            patience=config.plateau_patience,
            min_lr=config.final_learning_rate,
        )
