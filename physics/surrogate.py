"""A learned stand-in for a solver: fit it to cases, ask it about a mesh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pyvista as pv
import torch
from lightning.pytorch.callbacks import Callback
from sklearn.exceptions import NotFittedError
from torch import nn

from graphformers.checkpoint import ModelFile
from graphformers.errors import ConfigError, DataError, check_known
from graphformers.graph_batch import GraphSource
from graphformers.physics.baselines import Fields
from graphformers.physics.conditions import can_be_mirrored, condition_columns
from graphformers.physics.edge_parts import PartOfTheEdges
from graphformers.physics.field_system import (
    FIELD_SYSTEMS,
    FieldConfig,
    FieldSystem,
    find_field_system,
    training_for_fields,
)
from graphformers.physics.field_training import Mirror, PartOfTheCase
from graphformers.physics.losses import LOSSES, OF_WHOLE_GRIDS
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.models import StaticTask
from graphformers.physics.normalization import Normalization, NormalizedCases
from graphformers.physics.prediction import case_to_predict, dataset_with_fields
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.sampled_cases import SampledCases
from graphformers.physics.training_cases import CaseSource, opened_store, training_parts
from graphformers.physics.training_range import TrainingRange
from graphformers.training import TrainingConfig, fit, predict

ESTIMATOR = "Surrogate"
MODELS = tuple(FIELD_SYSTEMS)


@dataclass(frozen=True, kw_only=True)
class SurrogateConfig:
    """What a surrogate is made of and how it learns.

    Args:
        architecture: configuration of the model, None for the small one of its system; what it
            reads and predicts is found from the cases
        training: optimiser, schedule and seed; None is ``training_for_fields``
        point_share: share of the points seen in one training step, chosen anew for every batch;
            None is what suits the system, or all with an ``edge_share``
        edge_share: share of the edges seen in one training step; predictions are then made part by
            part (see ``PartOfTheEdges``), for meshes too large to be seen whole
        loss: what training minimises, one of ``LOSSES``, in normalised fields
        mirror: train on mirror images too; None does so where it is known how every parameter and
            field changes when y changes sign
        validation_fraction: share of the cases set aside to choose the best epoch, where the cases
            do not say which

    """

    architecture: FieldConfig | None = None
    training: TrainingConfig | None = None
    point_share: float | None = None
    edge_share: float | None = None
    loss: str = "absolute"
    mirror: bool | None = None
    validation_fraction: float = 0.1

    def __post_init__(self) -> None:
        check_known(self.loss, LOSSES, "no loss")
        for name in ("point_share", "edge_share", "validation_fraction"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise ConfigError(f"{name} must lie in (0, 1]; got {value}")


class Surrogate:
    """Predicts fields on a mesh after learning them from solved cases.

    Meshes may be 2-D or 3-D, of any size and any cells; those of one surrogate must have the same
    space dimension. Global parameters (angle of attack, Reynolds number) are inputs. Positions,
    parameters and fields are scaled by what the training cases show; the scaling is part of the
    saved model.

    After ``fit`` or ``load``: ``fields_``, ``inputs_``, ``units_``, ``normalization_``, ``range_``
    (what the training cases spanned; None where an earlier version saved it) and ``model_``; after
    ``fit`` also ``history_``, ``train_cases_`` and ``validation_cases_``, the names of the cases.

    Args:
        model: the system, one of ``MODELS``, or one made elsewhere, which ``load`` does not know
        config: sizes, training and sampling; ``None`` is the default ``SurrogateConfig``

    """

    def __init__(self, model: str | FieldSystem = "physgto", config: SurrogateConfig | None = None):
        self.system_ = find_field_system(model) if isinstance(model, str) else model
        self.model = self.system_.name
        self.config = config or SurrogateConfig()
        self.system_.check(self.config.architecture)
        self.edge_share_ = self.config.edge_share
        if self.edge_share_ is not None and not self.system_.reads_edges:
            raise ConfigError(f"{self.model} does not look at edges; leave out edge_share")

    def fit(
        self,
        cases: CaseSource,
        fields: Sequence[str],
        *,
        inputs: Sequence[str] = (),
        parameters: Sequence[str] | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
    ) -> "Surrogate":
        """Learn ``fields`` from cases: a folder, files, or cases and PyVista data sets in memory.

        ``inputs`` are fields that it is given at every point. ``parameters`` None takes the known
        ones the cases state. ``folder`` keeps a checkpoint after every epoch, from which ``resume``
        goes on. Raises ``DataError`` when the cases do not go together, lack a field, or are fewer
        than two.
        """
        wanted = None if parameters is None else tuple(parameters)
        options = ReadOptions(fields=tuple(fields), inputs=tuple(inputs), parameters=wanted)
        with opened_store(cases, options) as store:
            self._fit_store(store, folder=folder, resume=resume, callbacks=callbacks)
        return self

    def predict(
        self,
        mesh: str | Path | pv.DataSet | MeshCase,
        parameters: Mapping[str, float] | None = None,
    ) -> pv.DataSet:
        """The mesh with every field at its points, beside the truth and the error where it has one.

        Warns where the mesh or a parameter lies far outside of what the training cases spanned.
        ``parameters`` set or replace those of the mesh; ``ConfigError`` names one that it does not
        have. The arrays are called ``p``, ``p_truth`` and ``p_error``; the input is not changed.
        """
        self._check_fitted()
        given = parameters or {}
        for name in given:
            check_known(name, self.normalization_.parameters, "this surrogate has no parameter")
        case = case_to_predict(mesh, self.read_options, given)
        if self.range_ is not None:
            self.range_.warn(case)
        return dataset_with_fields(case, self.predict_fields(case))

    def predict_fields(self, case: MeshCase) -> Fields:
        """Every field at the points of a case, by name."""
        self._check_fitted()
        if case.space != self.normalization_.space:
            raise DataError(
                f"this surrogate was trained on {self.normalization_.space}-D meshes; "
                f"{case.name!r} is {case.space}-D"
            )
        if tuple(case.inputs) != self.inputs_:
            raise DataError(
                f"this surrogate is given {', '.join(self.inputs_) or 'no inputs'}; "
                f"{case.name!r} has {', '.join(case.inputs) or 'none'}"
            )
        graph = self.normalization_.apply(case.graph(parameters=self.normalization_.parameters))
        return self.normalization_.restore(torch.cat(list(predict(self._by_edges(), graph))))

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json``: all that ``load`` needs."""
        self._check_fitted()
        estimator: dict[str, object] = {"kind": ESTIMATOR, "model": self.model}
        estimator |= {"units": self.units_, "inputs": list(self.inputs_)}
        if self.edge_share_ is not None:
            estimator["edge_share"] = self.edge_share_
        sections = {"estimator": estimator, "normalization": self.normalization_.to_json()}
        if self.range_ is not None:
            sections["training_range"] = self.range_.to_json()
        self.model_.model_file(sections).write(folder)

    @staticmethod
    def load(folder: str | Path) -> "Surrogate":
        """Read what ``save`` wrote; predictions are the same bits.

        Raises ``ModelFileError`` for a damaged folder, one of another kind or of a newer version.
        """
        file = ModelFile.read(folder)
        estimator = file.estimator(ESTIMATOR)
        edge_share = cast("float | None", estimator.get("edge_share"))
        surrogate = Surrogate(str(estimator["model"]), SurrogateConfig(edge_share=edge_share))
        surrogate.model_ = surrogate.system_.model.from_model_file(file)
        surrogate.normalization_ = Normalization.from_json(file.section("normalization"))
        surrogate.units_ = cast(dict[str, str], estimator["units"])
        surrogate.inputs_ = tuple(cast("list[str]", estimator.get("inputs", [])))
        known = file.sections.get("training_range")  # earlier versions did not keep it
        surrogate.range_ = None if known is None else TrainingRange.from_json(known)
        return surrogate

    @property
    def fields_(self) -> tuple[str, ...]:
        """Names of the fields it predicts."""
        return tuple(self.normalization_.field_components)

    @property
    def read_options(self) -> ReadOptions:
        """How solved cases are read to be compared with its predictions."""
        parameters = self.normalization_.parameters
        return ReadOptions(fields=self.fields_, inputs=self.inputs_, parameters=parameters)

    def _fit_store(
        self,
        store: MeshStore,
        *,
        folder: str | Path | None,
        resume: bool,
        callbacks: Sequence[Callback],
    ) -> None:
        config = self.config
        training = config.training or training_for_fields()
        train, validation = training_parts(
            store, validation_fraction=config.validation_fraction, seed=training.seed
        )
        self.train_cases_ = [store.names[case] for case in train]
        self.validation_cases_ = [store.names[case] for case in validation]
        self.units_ = store.units
        self.inputs_ = tuple(store.index.input_names)
        self.normalization_ = Normalization.fit(store, train)
        self.range_ = TrainingRange.of_cases(store, train)
        torch.manual_seed(training.seed)
        self.model_ = self.system_.build(self._architecture(store))
        cases, share = self._training_cases(store, train)
        self.history_ = fit(
            PartOfTheCase(self._by_edges(), share=share, mirror=self._mirror()),
            LOSSES[config.loss](),
            cases,
            NormalizedCases(store, validation, self.normalization_),
            training,
            folder=folder,
            resume=resume,
            callbacks=callbacks,
        )

    def _training_cases(self, store: MeshStore, train: list[int]) -> tuple[GraphSource, float]:
        """The training cases, and the share of their points that a step has still to choose."""
        usual = self.system_.point_share if self.edge_share_ is None else 1.0
        share = self.config.point_share or usual
        if self.config.loss in OF_WHOLE_GRIDS and (share < 1 or self.edge_share_ is not None):
            raise ConfigError(
                f"the loss {self.config.loss!r} needs whole grids: ask for a point_share of 1 "
                "and no edge_share"
            )
        if share < 1 and store.is_shuffled and not self.system_.reads_edges:
            return SampledCases(store, train, self.normalization_, share=share), 1.0
        return NormalizedCases(store, train, self.normalization_), share

    def _by_edges(self) -> nn.Module:
        """The model as it learns and predicts: of whole meshes, or of parts of their edges."""
        share = self.edge_share_
        return self.model_ if share is None else PartOfTheEdges(self.model_, share=share)

    def _architecture(self, store: MeshStore) -> FieldConfig:
        task = StaticTask(
            node_features=len(store.feature_names),
            fields=sum(self.normalization_.field_components.values()),
            conditions=len(condition_columns(store.parameter_names)),
        )
        config = self.config.architecture or self.system_.config()
        return self.system_.fitted(config, task, store.space)

    def _mirror(self) -> Mirror | None:
        scale = self.normalization_
        known = (
            scale.space == 2
            and not self.inputs_
            and can_be_mirrored(scale.parameters, scale.field_components)
        )
        if self.config.mirror and not known:
            there = ", ".join([*scale.parameters, *self.inputs_, *self.fields_])
            raise ConfigError(
                "mirror images need 2-D cases whose parameters, inputs and fields are known to "
                f"change with them; these have {there}"
            )
        return None if self.config.mirror is False or not known else Mirror(scale)

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError("this Surrogate is not fitted yet; call fit, or load")
