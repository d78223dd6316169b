"""Prediction for graphs, or for their nodes, with scikit-learn's conventions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from graphformers.checkpoint import ModelFile
from graphformers.encodings import cached_encode
from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.graphs.architecture import config_for_graphs, training_for_graphs
from graphformers.graphs.features import FeatureCode
from graphformers.graphs.graph_set import GraphSet
from graphformers.graphs.target_code import TargetCode
from graphformers.systems import Level, find_system
from graphformers.tasks import Split, Task, random_split
from graphformers.training import (
    CategoricalCrossEntropy,
    MaskedClassification,
    MaskedRegression,
    Objective,
    TrainingConfig,
    fit,
    predict,
)

ESTIMATOR = "GraphPredictor"
BATCH_SIZE = 32  # of predictions, whatever training took: a loaded model gives the same bits


@dataclass(frozen=True, kw_only=True)
class BadGraph:
    """A graph that a model cannot read."""

    graph: int
    name: str
    reason: str


class GraphPredictor(BaseEstimator):
    """Graph transformer from graphs to values, labels or classes.

    ``fit`` takes a ``GraphSet``. What features and targets are is found from it: feature
    categories, scales and classes come from the training part alone. A graph with a category that
    part does not have is kept out, listed in ``bad_graphs_`` and predicted as NaN; a class it does
    not have is refused.

    Args:
        model: the system: "gps", "grit", "ppgt", "gt" or "mpnn-vn"
        preset: "small", or a published configuration that predicts for graphs (or for nodes)
        task: "regression", "classification", or "auto": found from the targets
        validation_fraction: share ``fit`` sets aside to choose the best epoch
        training: optimiser, schedule and seed; ``None`` is ``training_for_graphs()``
        cache_folder: where encodings are kept; ``None`` is the user's cache folder

    """

    def __init__(
        self,
        model: str = "gps",
        *,
        preset: str = "small",
        task: str = "auto",
        validation_fraction: float = 0.1,
        training: TrainingConfig | None = None,
        cache_folder: str | Path | None = None,
    ):
        self.model = model
        self.preset = preset
        self.task = task
        self.validation_fraction = validation_fraction
        self.training = training
        self.cache_folder = cache_folder

    def fit(
        self,
        graphs: GraphSet,
        *,
        split: Split | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
    ) -> "GraphPredictor":
        """Train on one part of the graphs; another chooses the best epoch.

        The parts are those of ``split``, else of the set itself, else drawn. ``folder`` keeps a
        checkpoint after every epoch, from which ``resume`` goes on.
        """
        system = find_system(self.model)
        training = self.training or training_for_graphs()
        split = split or graphs.split or self._drawn(len(graphs), training.seed)
        self._learn(graphs, split)
        torch.manual_seed(training.seed)
        config = config_for_graphs(
            self.model, self.preset, self.level_, self.nodes_, self.edges_, self.target_.out
        )
        self.model_ = system.build(config)
        train, held_out = (
            self._part(graphs.select(one)) for one in (split.train, split.validation)
        )
        self.history_ = fit(
            self.model_,
            self._objective(),
            train,
            held_out,
            training,
            folder=folder,
            resume=resume,
            callbacks=callbacks,
        )
        return self

    def predict(self, graphs: GraphSet) -> np.ndarray:
        """Values in the units of the targets, labels 0 and 1, or names of classes.

        A graph that cannot be read is NaN, or an empty name.
        """
        columns = self.predict_columns(graphs)
        code = self.target_
        if code.classes:
            there = ~np.isnan(columns).any(axis=1)
            best = np.nan_to_num(columns).argmax(axis=1)
            return np.where(there, np.array(code.classes)[best], "")
        if code.task is Task.CLASSIFICATION:
            columns = np.where(np.isnan(columns), np.nan, (columns > 0.5).astype(float))
        return columns[:, 0] if len(code.names) == 1 else columns

    def predict_columns(self, graphs: GraphSet) -> Float[np.ndarray, "rows columns"]:
        """A row per graph (or node): a value or probability per target, or one per class."""
        if not hasattr(self, "model_"):
            raise NotFittedError("this GraphPredictor is not fitted yet; call fit, or load")
        batch, bad = self._coded(graphs)
        self.bad_graphs_ = [
            BadGraph(graph=int(one), name=graphs.names[int(one)], reason=UNKNOWN)
            for one in np.flatnonzero(bad)
        ]
        readable = np.flatnonzero(~bad)
        rows = len(graphs) if self.level_ == "graph" else graphs.graphs.num_nodes
        every_row = np.full((rows, self.target_.out), np.nan)
        if len(readable):
            chosen = self._encoded(batch.select(torch.from_numpy(readable)))
            outputs = torch.cat(list(predict(self.model_, chosen, BATCH_SIZE))).double().numpy()
            owners = replace(graphs, level=self.level_, targets=None).rows_of(readable)
            every_row[owners] = self.target_.columns(outputs)
        return every_row

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json``: all that ``load`` needs."""
        if not hasattr(self, "model_"):
            raise NotFittedError("this GraphPredictor is not fitted yet; call fit, or load")
        estimator = {
            "kind": ESTIMATOR,
            "model": self.model,
            "preset": self.preset,
            "level": self.level_,
        }
        sections = {
            "estimator": estimator,
            "targets": self.target_.to_json(),
            "node_features": self.nodes_.to_json(),
            "edge_features": self.edges_.to_json(),
        }
        self.model_.model_file(sections).write(folder)

    @staticmethod
    def load(folder: str | Path) -> "GraphPredictor":
        """Read what ``save`` wrote; predictions are the same bits."""
        file = ModelFile.read(folder)
        estimator = file.estimator(ESTIMATOR)
        predictor = GraphPredictor(str(estimator["model"]), preset=str(estimator["preset"]))
        predictor.model_ = find_system(predictor.model).model.from_model_file(file)
        predictor.level_ = "node" if estimator["level"] == "node" else "graph"
        predictor.target_ = TargetCode.from_json(file.section("targets"))
        predictor.nodes_ = FeatureCode.from_json(file.section("node_features"))
        predictor.edges_ = FeatureCode.from_json(file.section("edge_features"))
        return predictor

    def _drawn(self, num_graphs: int, seed: int) -> Split:
        share = self.validation_fraction
        return random_split(num_graphs, fractions=(1.0 - share, share, 0.0), seed=seed)

    def _learn(self, graphs: GraphSet, split: Split) -> None:
        """Features and targets of the training part."""
        if graphs.targets is None:
            raise DataError("training needs targets; the graphs have none")
        self.level_: Level = graphs.level
        rows = graphs.rows_of(split.train)
        self.target_ = TargetCode.fit(graphs.targets, graphs.target_names, self.task, rows)
        self.target_.encode(graphs.targets)  # refuses classes that training does not have
        part = graphs.graphs.select(torch.from_numpy(split.train))
        self.nodes_ = FeatureCode.fit(part.x)
        self.edges_ = FeatureCode.fit(part.edge_attr)

    def _part(self, graphs: GraphSet) -> GraphBatch:
        """The readable graphs of a part, with encodings and coded targets."""
        batch, bad = self._coded(graphs)
        if graphs.targets is None:
            raise DataError("training needs targets; the graphs have none")
        target = torch.from_numpy(self.target_.encode(graphs.targets)).float()
        with_target = replace(batch, target=target, target_per_node=self.level_ == "node")
        return self._encoded(with_target.select(torch.from_numpy(np.flatnonzero(~bad))))

    def _coded(self, graphs: GraphSet) -> tuple[GraphBatch, NDArray[np.bool_]]:
        """Graphs with features as the model reads them, and which of them it cannot read."""
        batch = graphs.graphs
        x, odd_nodes = self.nodes_.apply(batch.x, "nodes")
        edge_attr, odd_edges = self.edges_.apply(batch.edge_attr, "edges")
        bad = np.zeros(len(graphs), dtype=np.bool_)
        bad[batch.batch[odd_nodes].numpy()] = True
        if len(odd_edges):
            bad[batch.edge_graph[odd_edges].numpy()] = True
        return replace(batch, x=batch.x if x is None else x, edge_attr=edge_attr), bad

    def _encoded(self, graphs: GraphBatch) -> GraphBatch:
        return cached_encode(graphs, self.model_.config.encodings, folder=self.cache_folder)

    def _objective(self) -> Objective:
        if self.target_.classes:
            return CategoricalCrossEntropy(weighted=self.level_ == "node")
        return (
            MaskedRegression() if self.target_.task is Task.REGRESSION else MaskedClassification()
        )


UNKNOWN = "it has a category of nodes or edges that the training part does not have"
