"""Training a model of one step: disturbed states, and a loss where the model has the say."""

import dataclasses

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.mesh_series import NODE_TYPES, NORMAL, OUTFLOW


def predicted_nodes(batch: GraphBatch) -> Bool[Tensor, " nodes"]:
    """Nodes whose next state is the model's to predict: the normal ones and the outflow."""
    kinds = batch.x[:, -NODE_TYPES:]
    return (kinds[:, NORMAL] + kinds[:, OUTFLOW]) > 0


class DisturbedSteps(nn.Module):
    """A model of one step that, while training, starts from a slightly wrong state.

    Normal noise of deviation ``noise`` (of the normalised state) is added at the normal nodes; the
    next state stays true, so that the model learns to undo its own errors. Prescribed nodes get
    NaN, which ``StepObjective`` leaves out.

    Source: Sanchez-Gonzalez et al. 2020, arXiv:2002.09405, section 4.4.
    """

    def __init__(self, model: nn.Module, *, noise: float):
        super().__init__()
        self.model = model
        self.noise = noise

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes components"]:
        """The next normalised state, NaN where it is prescribed."""
        chosen = predicted_nodes(batch)
        state = self.model(self._disturbed(batch) if self.training and self.noise else batch)
        return state.masked_fill(~chosen[:, None], torch.nan)

    def _disturbed(self, batch: GraphBatch) -> GraphBatch:
        components = batch.x.shape[1] - NODE_TYPES
        normal = batch.x[:, components + NORMAL, None]
        noise = self.noise * torch.randn_like(batch.x[:, :components]) * normal
        return dataclasses.replace(
            batch, x=torch.cat([batch.x[:, :components] + noise, batch.x[:, components:]], dim=1)
        )


class StepObjective:
    """Squared error of the next state, in spreads of what changes over one step."""

    monitor = "error"
    higher_is_better = False

    def __init__(self, increment_std: Float[Tensor, " components"]):
        self._scale = increment_std

    def loss(self, prediction: Tensor, batch: GraphBatch) -> Float[Tensor, ""]:
        """Mean over all numbers that were predicted."""
        if batch.target is None:
            raise DataError("training needs the next state; the steps carry none")
        return self._squared(prediction, batch.target).mean()

    def figures(self, prediction: Tensor, target: Tensor) -> dict[str, float]:
        """Root mean square error of one step as a share of what changes over one."""
        return {"error": self._squared(prediction, target).mean().sqrt().item()}

    def _squared(self, prediction: Tensor, target: Tensor) -> Tensor:
        known = ~prediction.isnan()
        return ((prediction - target) / self._scale).square()[known]
