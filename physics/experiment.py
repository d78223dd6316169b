"""Training on cases: fit, judge beside the baselines, and leave a report."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from lightning.pytorch.callbacks import Callback

from graphformers.errors import DataError
from graphformers.physics.baselines import Fields, MeanPredictor, NearestCase
from graphformers.physics.case_files import chosen_case, find_cases
from graphformers.physics.external_flow import PRESSURE
from graphformers.physics.judging import Part, Predict, judge
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_store import MeshStore, Track
from graphformers.physics.metrics import relative_l2
from graphformers.physics.pictures import (
    comparison_picture,
    distance_picture,
    force_picture,
    forces_over_cases,
    slice_picture,
    wall_picture,
)
from graphformers.physics.pictures.volume import has_volume
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.reading import read_case
from graphformers.physics.split_choice import chosen_split
from graphformers.physics.surrogate import Surrogate, SurrogateConfig
from graphformers.training import Report, RunFolder
from graphformers.training.report import Cell

HEADLINE = "relative_l2"
SPLIT_FILE = "split.json"
FORCES = {
    "lift": "Lift coefficient from the predicted fields on the wall",
    "drag": "Drag coefficient from the predicted fields on the wall",
    "pressure_drag": "Drag coefficient from the predicted pressure on the wall, without friction",
    "moment": "Coefficient of the pitching moment from the predicted fields on the wall",
}


@dataclass(frozen=True, kw_only=True)
class CaseFolder:
    """Cases on disk and what is read of them."""

    source: str | Path | Sequence[str | Path]
    fields: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    parameters: tuple[str, ...] | None = None
    track: Track | None = None
    split: str | None = None  # as ``chosen_split`` reads it; None: as the cases say
    validation_fraction: float = SurrogateConfig.validation_fraction

    @property
    def options(self) -> ReadOptions:
        """How each case is read."""
        return ReadOptions(fields=self.fields, inputs=self.inputs, parameters=self.parameters)

    def open(self) -> MeshStore:
        """The cases, imported on the first call."""
        if not self.fields:
            raise DataError("name the fields to learn, for example --fields p,U")
        store = MeshStore.import_cases(self.source, self.options, track=self.track)
        if self.split is None:
            return store
        return store.divided(chosen_split(self.split, store, val=self.validation_fraction))

    def read(self, store: MeshStore, numbers: Sequence[int]) -> list[MeshCase]:
        """Some cases of the store with their meshes, which the store does not keep."""
        paths = [store.index.paths[number] for number in numbers]
        gone = [path for path in paths if path is None or not Path(path).exists()]
        if gone:
            raise DataError(
                f"{store.path} was imported from {gone[0] or 'cases in memory'}, which it takes "
                "to judge and draw its cases; put it back, or train on the files"
            )
        files = {path: find_cases(path) for path in dict.fromkeys(filter(None, paths))}
        parts = store.index.parts or [None] * len(store)
        return [
            read_case(chosen_case(files[path], parts[number], path), self.options)
            for path, number in zip(paths, numbers, strict=True)
            if path is not None
        ]


def train_on_cases(
    surrogate: Surrogate,
    cases: CaseFolder,
    folder: str | Path,
    *,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
    command: str = "",
) -> Path:
    """Train, judge the validation and test cases beside two baselines; path of the report."""
    run = RunFolder(folder)
    store = cases.open()
    started = time.monotonic()
    surrogate.fit(
        store,
        cases.fields,
        inputs=cases.inputs,
        parameters=cases.parameters,
        folder=run.path,
        resume=resume,
        callbacks=callbacks,
    )
    seconds = time.monotonic() - started
    surrogate.save(run.path)
    if cases.split is not None:
        store.split.save(run.path / SPLIT_FILE)
    parts = _parts(surrogate, cases, store)
    methods = _methods(surrogate, store)
    rows = judge(methods, parts)
    run.write_metrics(rows)
    run.write_history(surrogate.history_.rows)
    pictures = case_pictures(methods[surrogate.model], parts[-1].cases)
    run.write_pictures(pictures)
    report = _report(surrogate, rows, seconds)
    report.pictures("A case it was not trained on", pictures)
    if command:
        report.code("Command", command)
    return run.write_report(report)


def case_pictures(predict: Predict, cases: Sequence[MeshCase]) -> dict[str, bytes]:
    """Every field of the case with the median error, truth beside prediction; its wall pressure.

    In space a field is drawn on the wall, unless it is the same all over it, and on a cut. The
    median says more than the best case and is kinder than the worst.
    """
    if not cases:
        return {}
    predicted = [predict(case) for case in cases]
    first = next(iter(predicted[0]))
    errors = [
        relative_l2(fields[first], case.fields[first])
        for fields, case in zip(predicted, cases, strict=True)
    ]
    median = sorted(range(len(cases)), key=errors.__getitem__)[len(cases) // 2]
    case, fields = cases[median], predicted[median]
    if case.space == 3 and has_volume(case.dataset):
        return _pictures_in_space(case, fields)
    pictures = {name: comparison_picture(case, values, name) for name, values in fields.items()}
    if case.space == 2 and PRESSURE in fields and case.wall.facets.size:
        pictures["wall_pressure"] = wall_picture(case, fields[PRESSURE][:, 0], PRESSURE)
    return pictures


def evaluation_pictures(
    model: str, predict: Predict, cases: Sequence[MeshCase]
) -> dict[str, bytes]:
    """Forces of every case against the truth, and the error by distance from the wall."""
    forces = forces_over_cases(predict, cases)
    pictures = {"forces": force_picture(forces)} if forces else {}
    if all(case.wall.facets.size for case in cases):
        predicted = [predict(case) for case in cases]
        for name in predicted[0]:
            errors = {model: [fields[name] for fields in predicted]}
            pictures[f"{name}_by_distance"] = distance_picture(cases, errors, name)
    return pictures


def _pictures_in_space(case: MeshCase, fields: Fields) -> dict[str, bytes]:
    pictures: dict[str, bytes] = {}
    for name, values in fields.items():
        on_wall = case.fields[name][case.wall.point_ids]
        if np.ptp(on_wall, axis=0).any():
            pictures[name] = comparison_picture(case, values, name)
        pictures[f"{name}_cut"] = slice_picture(case, name, values)
    return pictures


def _parts(surrogate: Surrogate, cases: CaseFolder, store: MeshStore) -> list[Part]:
    """Validation cases, and test cases when the split names any."""
    validation = [store.names.index(name) for name in surrogate.validation_cases_]
    test = store.indices("test")
    parts = [Part(name="validation", cases=cases.read(store, validation))]
    return [*parts, Part(name="test", cases=cases.read(store, test))] if test else parts


def _methods(surrogate: Surrogate, store: MeshStore) -> dict[str, Predict]:
    train = [store.names.index(name) for name in surrogate.train_cases_]
    return {
        surrogate.model: cache(surrogate.predict_fields),  # to judge and to draw
        "nearest case": NearestCase(store, train).predict,
        "mean": MeanPredictor(store, train).predict,
    }


def _report(surrogate: Surrogate, rows: Sequence[Mapping[str, Cell]], seconds: float) -> Report:
    part = rows[-1]["part"]
    judged = [row for row in rows if row["part"] == part]
    report = Report(
        f"Fields {', '.join(surrogate.fields_)}",
        f"{surrogate.model}, trained on {len(surrogate.train_cases_)} cases, judged on "
        f"{judged[0]['cases']} others beside two baselines from the same run",
    )
    facts: dict[str, Cell] = {
        f"{row['method']}, {name} relative L2": row[f"{name}/{HEADLINE}"]
        for name in surrogate.fields_
        for row in judged
    }
    facts |= {
        "training time": f"{seconds:.0f} s",
        "best epoch": surrogate.history_.best_epoch + 1,
    }
    report.facts(f"Result on the {part} part", facts)
    for name in [*surrogate.fields_, *FORCES]:
        report.table(_heading(name, surrogate), _columns_of(name, rows))
    return report


def _heading(name: str, surrogate: Surrogate) -> str:
    if name in FORCES:
        return FORCES[name]
    unit = surrogate.units_.get(name)
    return f"Errors of {name}" + (f", in {unit} (relative L2 is a share)" if unit else "")


def _columns_of(name: str, rows: Sequence[Mapping[str, Cell]]) -> list[dict[str, Cell]]:
    """The rows with the columns of one field only; none where it was not judged."""
    prefix = f"{name}/"
    head = ("part", "cases", "method")
    return [
        {
            key.removeprefix(prefix): value
            for key, value in row.items()
            if key in head or key.startswith(prefix)
        }
        for row in rows
        if any(key.startswith(prefix) for key in row)
    ]
