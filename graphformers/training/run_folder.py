"""What a training run leaves behind in ``runs/<name>/``."""

import csv
import io
import itertools
import json
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from graphformers.checkpoint import CONFIG, WEIGHTS
from graphformers.errors import DataError
from graphformers.files import replacing, write_json, write_text
from graphformers.training.report import Cell, Report

RESUME_FILE = "resume.ckpt"
_LEFT_BY_RUNS = (
    *(CONFIG, WEIGHTS, RESUME_FILE, "history.csv", "log", "pictures"),
    *("metrics.json", "metrics.csv", "bad_rows.json", "bad_rows.csv"),
    *("bad_graphs.json", "bad_graphs.csv", "split.json", "report.html"),
)

logger = logging.getLogger(__name__)


@rank_zero_only
def keep_earlier_run(folder: Path) -> None:
    """Move what an earlier run left in a folder to ``previous-1``, ``previous-2``, ... inside it.

    A run that took hours is not written over by the next one. Other files stay where they are.
    """
    if not any((folder / name).exists() for name in (WEIGHTS, RESUME_FILE)):
        return
    kept = next(one for i in itertools.count(1) if not (one := folder / f"previous-{i}").exists())
    kept.mkdir()
    for name in _LEFT_BY_RUNS:
        if (folder / name).exists():
            (folder / name).rename(kept / name)
    logger.info("the run that was in %s is kept in %s", folder, kept)


class RunFolder:
    """The files of one run, each written in one step.

    ``model.safetensors`` and ``config.json`` (the model), ``metrics.json`` and ``metrics.csv``
    (figures of every method on every part), ``history.csv`` (figures of every epoch), ``log/``
    (TensorBoard), ``pictures/*.png`` and ``report.html``.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise DataError(f"{self.path} is a file; a run needs a folder")
        self.path.mkdir(parents=True, exist_ok=True)

    @property
    def report_file(self) -> Path:
        """Where the report stands."""
        return self.path / "report.html"

    def write_metrics(self, rows: Sequence[Mapping[str, Cell]], name: str = "metrics") -> None:
        """Write rows as ``name.json`` and ``name.csv``; a figure that is not defined is empty."""
        clean = [{key: _defined(value) for key, value in row.items()} for row in rows]
        write_json(self.path / f"{name}.json", {"rows": clean})
        write_text(self.path / f"{name}.csv", _as_csv(clean))

    def write_history(self, rows: Sequence[Mapping[str, Cell]]) -> None:
        """Write the figures of every epoch."""
        write_text(self.path / "history.csv", _as_csv(rows))

    def write_pictures(self, pictures: Mapping[str, bytes]) -> None:
        """Write PNG pictures as ``pictures/<name>.png``."""
        for name, png in pictures.items():
            with replacing(self.path / "pictures" / f"{name}.png") as temporary:
                temporary.write_bytes(png)

    def write_report(self, report: Report) -> Path:
        """Write ``report.html`` and return its path."""
        report.write(self.report_file)
        return self.report_file

    def read_metrics(self, name: str = "metrics") -> list[dict[str, Cell]]:
        """Read back what ``write_metrics`` wrote."""
        return json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))["rows"]


def _defined(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_csv(rows: Sequence[Mapping[str, Cell]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({key: "" if one is None else one for key, one in row.items()} for row in rows)
    return text.getvalue()
