"""Training on a table: split, fit, judge beside baselines, and leave a report."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray

from graphformers.errors import ConfigError
from graphformers.molecules.cache import cached_featurize
from graphformers.molecules.featurized import FeaturizedMolecules
from graphformers.molecules.fingerprints import FingerprintBaseline, baseline_kinds
from graphformers.molecules.predictor import PropertyPredictor
from graphformers.molecules.report import (
    Picture,
    PredictedMolecules,
    molecule_report_pictures,
)
from graphformers.molecules.splits import split_molecules
from graphformers.molecules.table import MoleculeTable
from graphformers.tasks.metrics import METRIC_NAMES, evaluate
from graphformers.tasks.split import Split, column_split
from graphformers.tasks.targets import Task, find_task
from graphformers.training import Report, RunFolder
from graphformers.training.report import Cell

Predict = Callable[["Part"], NDArray[np.floating]]
"""A column per target for the rows of a part: values, or probabilities of label 1."""

MetricRow = dict[str, Cell]
SPLIT_METHODS = ("scaffold", "scaffold-balanced", "random")


@dataclass(frozen=True, kw_only=True)
class TableSplit:
    """How a table is divided: a method by name, or a column that says it."""

    method: str = "scaffold"
    column: str | None = None
    seed: int = 0

    def apply(self, table: MoleculeTable, rows: NDArray[np.int64]) -> Split:
        """Divide the given rows of the table; the parts hold row numbers of the table."""
        if self.column is not None:
            labels = table.column(self.column)
            split = column_split([labels[int(row)] for row in rows], seed=self.seed)
        elif self.method in SPLIT_METHODS:
            smiles = [str(table.smiles[int(row)]) for row in rows]
            split = split_molecules(smiles, self.method, seed=self.seed)
        else:
            raise ConfigError(f"split must be one of {SPLIT_METHODS}; got {self.method!r}")
        return Split(
            train=rows[split.train], validation=rows[split.validation], test=rows[split.test]
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """Rows of one part of a table."""

    name: str
    rows: NDArray[np.int64]  # (rows,), in the table
    smiles: Sequence[str]
    targets: NDArray[np.floating]  # (rows, tasks)


def train_on_table(
    predictor: PropertyPredictor,
    table: MoleculeTable,
    split: TableSplit,
    folder: str | Path,
    *,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
    command: str = "",
) -> list[MetricRow]:
    """Train on the training part and judge every part beside the baselines.

    Leaves the model, the metrics, the pictures and ``report.html`` in ``folder`` and returns the
    metrics. Rows without a usable molecule are listed in ``bad_rows.csv``.
    """
    run = RunFolder(folder)
    task = find_task(table.targets, predictor.task, table.target_names)
    molecules = cached_featurize(table.smiles, folder=predictor.cache_folder)
    measured = ~np.isnan(table.targets[molecules.rows]).all(axis=1)
    rows_of = split.apply(table, molecules.rows[measured])
    parts = _parts(table, rows_of)
    train, held_out, test = parts
    started = time.monotonic()
    predictor.fit(
        table.smiles,
        table.targets,
        split=rows_of,
        folder=run.path,
        resume=resume,
        callbacks=callbacks,
    )
    seconds = time.monotonic() - started
    predictor.target_names_ = list(table.target_names)
    predictor.save(run.path)
    predicted = predictor.predict_columns(table.smiles)
    methods = {
        predictor.model: lambda part: predicted[part.rows],
        **_baselines(train, task, split.seed),
    }
    rows = judge(methods, parts, task, table.target_names)
    pictures = _pictures(predictor, test if test.smiles else held_out, predicted)
    report = _report(predictor, rows, seconds)
    _leave(run, report, pictures, rows, molecules, predictor, command)
    return rows


def judge(
    methods: Mapping[str, Predict], parts: Sequence[Part], task: Task, target_names: Sequence[str]
) -> list[MetricRow]:
    """Metrics of every method on every part that has rows; with several targets, of each too."""
    rows: list[MetricRow] = []
    for part in parts:
        for method, predict in methods.items():
            if not part.smiles:
                continue
            found = evaluate(part.targets, predict(part), task, target_names)
            name = target_names[0] if len(target_names) == 1 else "mean of targets"
            head: MetricRow = {"part": part.name, "rows": len(part.smiles), "method": method}
            rows.append({**head, "target": name, **found.mean})
            if len(target_names) > 1:
                rows += [{**head, "target": key, **one} for key, one in found.targets.items()]
    return rows


def _parts(table: MoleculeTable, split: Split) -> list[Part]:
    by_name = {"train": split.train, "validation": split.validation, "test": split.test}
    return [
        Part(
            name=name,
            rows=rows,
            smiles=[str(table.smiles[int(row)]) for row in rows],
            targets=table.targets[rows],
        )
        for name, rows in by_name.items()
    ]


def _baselines(train: Part, task: Task, seed: int) -> dict[str, Predict]:
    """The baselines, trained on the same rows as the model."""
    fitted = [
        FingerprintBaseline(kind, task, seed).fit(train.smiles, train.targets)
        for kind in baseline_kinds(len(train.smiles))
    ]
    return {
        baseline.name: lambda part, baseline=baseline: baseline.predict(part.smiles)
        for baseline in fitted
    }


def _pictures(
    predictor: PropertyPredictor, part: Part, predicted: NDArray[np.floating]
) -> list[Picture]:
    molecules = PredictedMolecules(
        smiles=part.smiles,
        targets=part.targets,
        predictions=predicted[part.rows],
        names=predictor.target_names_,
        task=predictor.task_,
    )
    return molecule_report_pictures(molecules, predictor.contributions)


def _report(predictor: PropertyPredictor, rows: Sequence[MetricRow], seconds: float) -> Report:
    judged = [row for row in rows if row["part"] == "test"] or list(rows)
    overall = [row for row in judged if row["target"] == judged[0]["target"]]
    headline = METRIC_NAMES[predictor.task_][0]
    report = Report(
        ", ".join(predictor.target_names_),
        f"{predictor.model.upper()} ({predictor.preset} preset), {predictor.task_.value}: judged "
        "on molecules it was not trained on, beside baselines from the same run.",
    )
    facts: dict[str, Cell] = {f"{headline}, {row['method']}": row[headline] for row in overall}
    history = predictor.history_
    facts |= {"training": f"{seconds:.0f} s", "best epoch": history.best_epoch + 1}
    report.facts(f"Result on the {judged[0]['part']} part", facts)
    report.table("Every method on every part", rows)
    return report


def _leave(
    run: RunFolder,
    report: Report,
    pictures: Sequence[Picture],
    rows: Sequence[MetricRow],
    molecules: FeaturizedMolecules,
    predictor: PropertyPredictor,
    command: str,
) -> None:
    bad_rows: list[MetricRow] = [
        {"row": bad.row + 1, "smiles": bad.smiles, "reason": bad.reason}
        for bad in molecules.bad_rows
    ]
    run.write_metrics(rows)
    run.write_metrics(bad_rows, "bad_rows")
    run.write_history(predictor.history_.rows)
    run.write_pictures({picture.name: picture.png for picture in pictures})
    report.pictures("Pictures", {picture.caption: picture.png for picture in pictures})
    report.table("Rows left out", bad_rows)
    if command:
        report.code("Command", command)
    run.write_report(report)
