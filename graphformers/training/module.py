"""A model and its objective as Lightning trains them."""

import lightning.pytorch as lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.training.batches import epoch_seed
from graphformers.training.config import TrainingConfig
from graphformers.training.objective import Objective
from graphformers.training.schedule import learning_rate_factor


class TrainingModule(lightning.LightningModule):
    """AdamW with a per-step schedule; every step starts from its own random seed.

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

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW and the learning-rate factor, moved every step."""
        config = self.training_config
        optimizer = AdamW(
            self.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        batches = self.trainer.estimated_stepping_batches / config.epochs

        def factor(step: int) -> float:
            return learning_rate_factor(
                (step + 1) / batches,
                epochs=config.epochs,
                warmup_epochs=config.warmup_epochs,
                schedule=config.schedule,
            )

        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": LambdaLR(optimizer, factor), "interval": "step"},
        }
