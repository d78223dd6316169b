"""Training on a set of graphs: fit, judge beside a constant, and leave a report."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray

from graphformers.errors import DataError
from graphformers.graphs.graph_set import GraphSet
from graphformers.graphs.judging import constant_prediction, judge, metric_names
from graphformers.graphs.predictor import GraphPredictor
from graphformers.graphs.report_pictures import CAPTIONS, report_pictures
from graphformers.tasks import Split
from graphformers.training import Report, RunFolder
from graphformers.training.report import Cell

MetricRow = dict[str, Cell]


def train_on_graphs(
    predictor: GraphPredictor,
    graphs: GraphSet,
    split: Split,
    folder: str | Path,
    *,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
    command: str = "",
) -> list[MetricRow]:
    """Train on the training part and judge every part beside its mean or commonest class.

    Leaves the model, the metrics, the pictures and ``report.html`` in ``folder`` and returns the
    metrics. Graphs that the model cannot read are listed in ``bad_graphs.csv``.
    """
    run = RunFolder(folder)
    started = time.monotonic()
    predictor.fit(graphs, split=split, folder=run.path, resume=resume, callbacks=callbacks)
    seconds = time.monotonic() - started
    predictor.save(run.path)
    if graphs.targets is None:
        raise DataError("training needs targets; the graphs have none")
    predicted = predictor.predict_columns(graphs)
    encoded = predictor.target_.encode(graphs.targets)
    parts = {
        "train": graphs.rows_of(split.train),
        "validation": graphs.rows_of(split.validation),
        "test": graphs.rows_of(split.test),
    }
    rows = _judged(predictor, predicted, encoded, parts)
    shown = parts["test"] if len(parts["test"]) else parts["validation"]
    pictures = report_pictures(encoded[shown], predicted[shown], predictor.target_)
    report = _report(predictor, rows, seconds)
    _leave(run, report, pictures, rows, predictor, command)
    return rows


def _judged(
    predictor: GraphPredictor,
    predicted: NDArray[np.floating],
    encoded: NDArray[np.floating],
    parts: Mapping[str, NDArray[np.int64]],
) -> list[MetricRow]:
    code = predictor.target_
    constant = constant_prediction(encoded[parts["train"]], code)
    methods = {
        predictor.model: predicted,
        "training mean": np.broadcast_to(constant, predicted.shape),
    }
    return [row for name, one in parts.items() for row in judge(methods, one, encoded, code, name)]


def _report(predictor: GraphPredictor, rows: Sequence[MetricRow], seconds: float) -> Report:
    code = predictor.target_
    judged = [row for row in rows if row["part"] == "test"] or list(rows)
    overall = [row for row in judged if row["target"] == judged[0]["target"]]
    headline = metric_names(code)[0]
    report = Report(
        ", ".join(code.names),
        f"{predictor.model.upper()} ({predictor.preset} preset), {code.task.value}: judged on "
        "graphs it was not trained on, beside what the training part has on average.",
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
    pictures: Mapping[str, bytes],
    rows: Sequence[MetricRow],
    predictor: GraphPredictor,
    command: str,
) -> None:
    bad: list[MetricRow] = [
        {"graph": one.name, "reason": one.reason} for one in predictor.bad_graphs_
    ]
    run.write_metrics(rows)
    run.write_metrics(bad, "bad_graphs")
    run.write_history(predictor.history_.rows)
    run.write_pictures(pictures)
    report.pictures("Pictures", {CAPTIONS[name]: png for name, png in pictures.items()})
    report.table("Graphs left out", bad)
    if command:
        report.code("Command", command)
    run.write_report(report)
