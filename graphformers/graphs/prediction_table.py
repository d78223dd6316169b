"""Predictions on graphs as a CSV file."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphformers.files import replacing
from graphformers.graphs.graph_set import GraphSet
from graphformers.graphs.predictor import BadGraph
from graphformers.graphs.target_code import TargetCode


def write_predictions(
    path: str | Path,
    graphs: GraphSet,
    columns: NDArray[np.floating],  # (rows, columns), NaN where there are none
    code: TargetCode,
    bad_graphs: list[BadGraph],
) -> None:
    """A row per graph, or per node where the rows are those; a bad graph has its reason."""
    per_node = len(columns) != len(graphs)
    owners = graphs.graphs.batch.numpy() if per_node else np.arange(len(graphs))
    starts = graphs.graphs.ptr.numpy()
    reasons = {one.graph: one.reason for one in bad_graphs}
    classes = [f"predicted {code.names[0]}"] if code.classes else []
    where = ["graph", "node"] if per_node else ["graph"]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*where, *classes, *code.column_names, "reason"])
        for row, (graph, values) in enumerate(zip(owners.tolist(), columns, strict=True)):
            there = not np.isnan(values).any()
            place = [graphs.names[graph], row - int(starts[graph])][: len(where)]
            best = [code.classes[int(values.argmax())] if there else ""] if classes else []
            cells = values.tolist() if there else [""] * len(values)
            writer.writerow([*place, *best, *cells, reasons.get(graph, "")])
