"""What ``graphformers physics train --transient``, ``rollout`` and ``evaluate`` do with series."""

import dataclasses
import json
import logging
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from jsonargparse import ArgumentParser, Namespace

from graphformers.checkpoint import CONFIG
from graphformers.cli.progress import EpochProgress
from graphformers.errors import ConfigError, DataError
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
from graphformers.physics.series_store import TIME
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
    """Learn the step of series and judge roll-outs.

    Raises ``ConfigError`` for what only surrogates of single cases know.
    """
    for name in ("point_share", "edge_share", "mirror", "loss", "split"):
        if getattr(options, name) is not None:
            raise ConfigError(f"--{name} is for cases without time: leave it out of --transient")
    config = StepperConfig(
        architecture=architecture,
        training=options.training,
        noise=options.noise,
        validation_fraction=options.validation_fraction,
    )
    read = ReadOptions(
        fields=names(options.fields),
        inputs=names(options.inputs) or (),
        parameters=names(options.parameters),
    )
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
    """Write every state as it comes, beside the truth, and a moving picture if wanted."""
    stepper = Stepper.load(options.run)
    series = _chosen(options, _read_options(stepper))
    field, moving = options.field or stepper.fields_[0], []
    if field not in stepper.fields_:
        raise DataError(f"the run has no field {field!r}; it has {', '.join(stepper.fields_)}")
    step = 0
    for step, state in enumerate(_states(stepper, series, options.steps), start=1):
        dataset = dataset_with_fields(_at(series, step), state)
        write_dataset(dataset, Path(options.output) / f"step_{step:04d}.vtu")
        if options.animation and step < series.num_steps:
            moving.append(state[field])
    logger.info("%d steps written to %s", step, options.output)
    if options.animation:
        truth = [series.read_step(number)[field] for number in range(1, len(moving) + 1)]
        times = series.times[1 : len(moving) + 1]
        steps = {"truth": truth, "prediction": moving}
        write_animation(roll_out_frames(series.mesh, steps, field, times=times), options.animation)
        logger.info("animation: %s", options.animation)


def _states(stepper: Stepper, series: MeshSeries, steps: int | None) -> Iterator[Fields]:
    components = stepper.normalization_.field_components
    return roll_out_series(
        stepper,
        series.first_graph(components, _parameters(stepper)),
        lambda step: torch.from_numpy(series.state(step, components)),
        last=series.num_steps - 1,
        steps=steps,
    )


def _parameters(stepper: Stepper) -> tuple[str, ...]:
    return tuple(name for name in stepper.normalization_.parameters if name != TIME)


def _read_options(stepper: Stepper) -> ReadOptions:
    return ReadOptions(fields=stepper.fields_, parameters=_parameters(stepper))


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
