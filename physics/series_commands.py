"""What ``graphformers physics train --transient``, ``rollout`` and ``evaluate`` do with series."""

import dataclasses
import json
import logging
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from graphformers.checkpoint import CONFIG
from graphformers.cli.progress import EpochProgress
from graphformers.errors import DataError
from graphformers.physics.baselines import Fields
from graphformers.physics.command_text import names, show_errors
from graphformers.physics.field_system import FieldConfig
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_series import MeshSeries
from graphformers.physics.pictures import roll_out_frames, write_animation
from graphformers.physics.prediction import dataset_with_fields, write_dataset
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.series_experiment import judge_rollouts, roll_out_series, train_on_series
from graphformers.physics.series_import import import_series, series_in
from graphformers.physics.series_store import TIME, SeriesStore
from graphformers.physics.stepper import ESTIMATOR, Stepper, StepperConfig
from graphformers.training import RunFolder
from graphformers.training.report import Cell

logger = logging.getLogger(__name__)


def is_stepper(run: str | Path) -> bool:
    """Whether a run folder holds a stepper; a broken one is for its reader to complain about."""
    try:
        document = json.loads((Path(run) / CONFIG).read_text(encoding="utf-8"))
        return document["estimator"]["kind"] == ESTIMATOR
    except (OSError, ValueError, KeyError, TypeError):
        return False


def train_series(options: Namespace, architecture: FieldConfig) -> None:
    """Learn the step of series and judge roll-outs."""
    config = StepperConfig(
        architecture=architecture,
        training=options.training,
        noise=options.noise,
        validation_fraction=options.validation_fraction,
    )
    read = ReadOptions(fields=names(options.fields), parameters=names(options.parameters))
    report = train_on_series(
        Stepper(options.model, config),
        import_series(options.cases, read),
        options.out,
        resume=options.resume,
        callbacks=[EpochProgress("steps")],
        command=shlex.join(["graphformers", *sys.argv[1:]]),
    )
    show_errors(RunFolder(options.out).read_metrics(), counted="series")
    logger.info("report: %s", report)


def evaluate_series(options: Namespace) -> list[dict[str, Cell]]:
    """Judge roll-outs of a trained stepper on series."""
    stepper = Stepper.load(options.run)
    store = import_series(options.cases, _read_options(stepper))
    series = store.series_with_split(options.part) if options.part else range(len(store.names))
    if not series:
        raise DataError(f"none of the {len(store.names)} series belongs to {options.part!r}")
    rows = judge_rollouts(stepper, store, list(series), part=options.part or "all")
    if options.output:
        RunFolder(options.output).write_metrics(rows)
    return rows


def add_rollout_arguments(parser: ArgumentParser) -> None:
    """A run, a series to start from, how far to go and where the result goes."""
    parser.add_argument("run", help="folder written by train --transient")
    parser.add_argument("series", type=str, help="a file or folder with the first state")
    parser.add_argument("--name", help="which series, where there are several")
    parser.add_argument("--steps", type=int, help="default: as many as the series has")
    parser.add_argument("-o", "--output", default="rollout", help="folder for one .vtu per step")
    parser.add_argument("--animation", help="a .gif or .mp4 of one field, truth and prediction")
    parser.add_argument("--field", help="the field of the animation; default: the first")


def rollout(options: Namespace) -> None:
    """Write every state, beside the truth where there is one, and a moving picture if wanted."""
    stepper = Stepper.load(options.run)
    read = _read_options(stepper)
    series = _chosen(options, read)
    with tempfile.TemporaryDirectory() as folder:
        store = SeriesStore.write(
            [series],
            Path(folder) / "series.zarr",
            fields=stepper.fields_,
            parameters=read.parameters,
        )
        states = list(roll_out_series(stepper, store, 0, options.steps))
    for step, state in enumerate(states, start=1):
        dataset = dataset_with_fields(_at(series, step), state)
        write_dataset(dataset, Path(options.output) / f"step_{step:04d}.vtu")
    logger.info("%d steps written to %s", len(states), options.output)
    if options.animation:
        _animate(series, states, options.field or stepper.fields_[0], options.animation)


def _animate(series: MeshSeries, states: Sequence[Fields], field: str, path: str) -> None:
    if field not in states[0]:
        raise DataError(f"the roll-out has no field {field!r}; it has {', '.join(states[0])}")
    known = min(len(states), series.num_steps - 1)
    steps = {
        "truth": [series.read_step(step)[field] for step in range(1, known + 1)],
        "prediction": [state[field] for state in states[:known]],
    }
    frames = roll_out_frames(series.mesh, steps, field, times=series.times[1 : known + 1])
    write_animation(frames, path)
    logger.info("animation: %s", path)


def _read_options(stepper: Stepper) -> ReadOptions:
    parameters = tuple(name for name in stepper.normalization_.parameters if name != TIME)
    return ReadOptions(fields=stepper.fields_, parameters=parameters)


def _chosen(options: Namespace, read: ReadOptions) -> MeshSeries:
    found = list(series_in([options.series], read))
    chosen = [one for one in found if options.name in (None, one.name)]
    if len(chosen) != 1:
        known = ", ".join(one.name for one in found)
        raise DataError(f"{options.series}: name one of its series with --name: {known}")
    return chosen[0]


def _at(series: MeshSeries, step: int) -> MeshCase:
    """The mesh with the fields of a step, where the series has it."""
    fields = series.read_step(step) if step < series.num_steps else {}
    return dataclasses.replace(series.mesh, fields=dict(fields))
