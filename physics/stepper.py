"""A learned stand-in for a time-stepping solver: fit it to series, roll it out from a state."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch.callbacks import Callback
from sklearn.exceptions import NotFittedError
from torch import Tensor

from graphformers.checkpoint import ModelFile
from graphformers.errors import ConfigError, DataError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.baselines import Fields
from graphformers.physics.conditions import condition_columns
from graphformers.physics.field_system import FieldConfig, find_field_system, training_for_fields
from graphformers.physics.mesh_series import NODE_TYPES
from graphformers.physics.models import TransientTask
from graphformers.physics.normalization import Normalization, NormalizedCases
from graphformers.physics.rollout import roll_out
from graphformers.physics.series_store import SeriesStore
from graphformers.physics.step_normalization import fit_steps
from graphformers.physics.step_training import DisturbedSteps, StepObjective, predicted_nodes
from graphformers.physics.training_cases import held_out
from graphformers.training import TrainingConfig, fit

ESTIMATOR = "Stepper"


@dataclass(frozen=True, kw_only=True)
class StepperConfig:
    """What a stepper is made of and how it learns.

    Args:
        architecture: configuration of the model, None for the small one of its system
        training: optimiser, schedule and seed; None is ``training_for_fields``
        noise: deviation of what is added to the normalised state while training
        validation_fraction: share of the series set aside to choose the best epoch, where they do
            not say which; of a single series, share of its last steps

    """

    architecture: FieldConfig | None = None
    training: TrainingConfig | None = None
    noise: float = 0.02
    validation_fraction: float = 0.1

    def __post_init__(self) -> None:
        if self.noise < 0 or not 0 < self.validation_fraction < 1:
            raise ConfigError(
                "noise must not be negative and validation_fraction lie in (0, 1); "
                f"got {self.noise} and {self.validation_fraction}"
            )


class Stepper:
    """Predicts the next state of a mesh from the present one, after learning from solved series.

    Meshes may differ from series to series; steps of one series share theirs. The state, the time
    step and the parameters are scaled by what the training steps show; the scaling is part of the
    saved model. After ``fit`` or ``load``: ``fields_``, ``units_``, ``time_step_``,
    ``normalization_`` and ``model_``; after ``fit`` also ``history_``.

    Args:
        model: the system, one of ``FIELD_SYSTEMS``
        config: sizes, training and noise; ``None`` is the default ``StepperConfig``

    """

    def __init__(self, model: str = "physgto", config: StepperConfig | None = None):
        self.system_ = find_field_system(model)
        self.model = model
        self.config = config or StepperConfig()
        self.system_.check(self.config.architecture)

    def fit(
        self,
        store: SeriesStore,
        *,
        folder: str | Path | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
    ) -> "Stepper":
        """Learn the step of the store's series that are for training.

        ``folder`` keeps a checkpoint after every epoch, from which ``resume`` goes on. Raises
        ``DataError`` when the time step varies or too few steps are left.
        """
        config, training = self.config, self.training
        train, validation = step_parts(store, config.validation_fraction, seed=training.seed)
        self.time_step_ = common_time_step(store)
        self.units_ = dict(store.index.units)
        self.normalization_, increment_std = fit_steps(store, train)
        torch.manual_seed(training.seed)
        task = TransientTask(
            fields=store.components,
            node_types=NODE_TYPES,
            conditions=len(condition_columns(store.parameter_names)),
            increment=float(increment_std.square().mean().sqrt()),
        )
        architecture = config.architecture or self.system_.config()
        self.model_ = self.system_.build(self.system_.fitted(architecture, task, store.index.space))
        self.history_ = fit(
            DisturbedSteps(self.model_, noise=config.noise),
            StepObjective(increment_std),
            NormalizedCases(store, train, self.normalization_),
            NormalizedCases(store, validation, self.normalization_),
            training,
            folder=folder,
            resume=resume,
            callbacks=callbacks,
        )
        return self

    @property
    def training(self) -> TrainingConfig:
        """How it learns."""
        return self.config.training or training_for_fields()

    @property
    def fields_(self) -> tuple[str, ...]:
        """Names of the fields it predicts."""
        return tuple(self.normalization_.field_components)

    def rollout(
        self,
        first: GraphBatch,
        *,
        steps: int,
        prescribed: Iterable[Float[Tensor, "nodes components"]] | None = None,
    ) -> Iterator[Fields]:
        """Fields after 1, 2, ... ``steps`` steps from a state in physical units, one at a time.

        ``first`` is a graph of a ``SeriesStore``. Prescribed nodes (walls, inflow, obstacles) keep
        their first values, or take those of ``prescribed`` at every step.
        """
        self._check_fitted()
        scale = self.normalization_
        batch = scale.apply(first)
        known = ~predicted_nodes(first)[:, None]
        state = batch.x[:, : len(scale.field_mean)]
        values = (
            repeat(state)
            if prescribed is None
            else ((one - scale.field_mean) / scale.field_std for one in prescribed)
        )
        time_step = self.time_step_ / float(scale.condition_std[0])
        model = torch.no_grad()(self.model_.eval())  # step by step: the caller's mode is its own
        for one in roll_out(
            model,
            batch,
            steps=steps,
            time_step=time_step,
            prescribed=(one.masked_fill(~known, torch.nan) for one in values),
        ):
            yield scale.restore(one)

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json``: all that ``load`` needs."""
        self._check_fitted()
        estimator = {
            "kind": ESTIMATOR,
            "model": self.model,
            "units": self.units_,
            "time_step": self.time_step_,
        }
        sections = {"estimator": estimator, "normalization": self.normalization_.to_json()}
        self.model_.model_file(sections).write(folder)

    @staticmethod
    def load(folder: str | Path) -> "Stepper":
        """Read what ``save`` wrote; roll-outs are the same bits.

        Raises ``ModelFileError`` for a damaged folder, one of another kind or of a newer version.
        """
        file = ModelFile.read(folder)
        estimator = file.estimator(ESTIMATOR)
        stepper = Stepper(str(estimator["model"]))
        stepper.model_ = stepper.system_.model.from_model_file(file)
        stepper.normalization_ = Normalization.from_json(file.section("normalization"))
        stepper.units_ = cast("dict[str, str]", estimator["units"])
        stepper.time_step_ = float(cast("float", estimator["time_step"]))
        return stepper

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError("this Stepper is not fitted yet; call fit, or load")


@dataclass(frozen=True, kw_only=True)
class SeriesParts:
    """Numbers of whole series; without ones for validation, the last steps validate."""

    train: list[int]
    validation: list[int]


def series_parts(store: SeriesStore, validation_fraction: float, *, seed: int) -> SeriesParts:
    """Series to learn from and series that choose the best epoch.

    As their own split says; without one, ``validation_fraction`` of them, at least one, are drawn
    for validation. A single series is left whole.
    """
    train = store.series_with_split("train") or store.series_with_split(None)
    validation = store.series_with_split("val")
    if not validation and len(train) > 1:
        train, validation = held_out(train, validation_fraction, seed=seed)
    return SeriesParts(train=train, validation=validation)


def step_parts(
    store: SeriesStore, validation_fraction: float, *, seed: int
) -> tuple[list[int], list[int]]:
    """Graphs to learn from and graphs that choose the best epoch; see ``series_parts``."""
    parts = series_parts(store, validation_fraction, seed=seed)
    graphs = store.graphs_of(parts.train)
    if parts.validation:
        return graphs, store.graphs_of(parts.validation)
    count = max(round(validation_fraction * len(graphs)), 1)
    if len(graphs) <= count:
        raise DataError(f"a stepper needs at least two steps to learn from; got {len(graphs)}")
    return graphs[:-count], graphs[-count:]


def common_time_step(store: SeriesStore) -> float:
    """The time between steps; ``DataError`` when it varies by more than a hundredth."""
    gaps = np.concatenate([np.diff(times) for times in store.index.times])
    if np.ptp(gaps) > 0.01 * gaps.mean():
        raise DataError(
            "a stepper needs steps of one length; they last from "
            f"{gaps.min():.6g} to {gaps.max():.6g}: take every n-th step of some series"
        )
    return float(gaps.mean())
