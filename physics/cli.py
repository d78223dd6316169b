"""``graphformers physics train | predict | rollout | evaluate | import | view | app``."""

import logging
import shlex
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console
from rich.progress import track

from graphformers.cli.command import Command
from graphformers.cli.progress import EpochProgress
from graphformers.errors import ConfigError, DataError
from graphformers.physics.app import command as app
from graphformers.physics.around_body import with_surface_points, with_volume_points
from graphformers.physics.case_files import CaseFile
from graphformers.physics.command_text import names, show_errors
from graphformers.physics.experiment import CaseFolder, evaluation_pictures, train_on_cases
from graphformers.physics.field_system import (
    FIELD_SYSTEMS,
    find_field_system,
    training_for_fields,
)
from graphformers.physics.import_command import add_import_arguments, import_cases
from graphformers.physics.judging import Part, judge
from graphformers.physics.losses import LOSSES
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures import VIEWS, view, write_views
from graphformers.physics.prediction import case_to_predict, write_dataset
from graphformers.physics.reading import read_cases
from graphformers.physics.series_commands import (
    add_rollout_arguments,
    evaluate_series,
    is_stepper,
    rollout,
    train_series,
)
from graphformers.physics.split_choice import SPLIT_HELP
from graphformers.physics.stepper import StepperConfig
from graphformers.physics.surrogate import MODELS, Surrogate, SurrogateConfig
from graphformers.published import SMALL
from graphformers.training import RunFolder, TrainingConfig

logger = logging.getLogger(__name__)

PRESETS = Path(__file__).parent / "presets"
CASES_HELP = "a folder of cases, a mesh file or an OpenFOAM case; several may be given"


def _add_train_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("cases", nargs="+", type=str, help=CASES_HELP)
    parser.add_argument("--fields", required=True, help="fields to learn, such as p,U")
    parser.add_argument("--inputs", help="fields that the model is given at every point")
    parser.add_argument("--transient", action="store_true", help="learn the step of series in time")
    parser.add_argument("--parameters", help="global inputs; default: the known ones of the cases")
    parser.add_argument("--split", help=SPLIT_HELP)
    parser.add_argument("--model", default="physgto", choices=MODELS)
    parser.add_argument("--preset", default=SMALL, help=_presets_help())
    parser.add_argument(
        "--architecture",
        type=dict[str, Any],
        default={},
        help="settings of the preset to change, such as --architecture.dim 128",
    )
    parser.add_argument("--out", default="runs/physics", help="folder for everything the run makes")
    parser.add_argument("--resume", action="store_true", help="go on after an interruption")
    parser.add_argument("--training", type=TrainingConfig, default=training_for_fields())
    parser.add_argument(
        "--point_share", type=float, help="share of the points seen in one step; default: by model"
    )
    parser.add_argument(
        "--edge_share", type=float, help="share of the edges seen in one step; default: all"
    )
    parser.add_argument("--loss", choices=tuple(LOSSES), help="default: absolute")
    parser.add_argument(
        "--mirror", type=bool | None, help="train on mirror images; default: where known how"
    )
    parser.add_argument(
        "--noise",
        type=float,
        default=StepperConfig.noise,
        help="deviation of what disturbs the normalised state of a series while training",
    )
    parser.add_argument(
        "--validation_fraction",
        type=float,
        default=SurrogateConfig.validation_fraction,
        help="share of the cases set aside where they do not say which",
    )


def _presets_help() -> str:
    return "; ".join(f"{name}: {', '.join(one.presets)}" for name, one in FIELD_SYSTEMS.items())


def _train(options: Namespace) -> None:
    system = find_field_system(options.model)
    architecture = system.changed(system.config(options.preset), options.architecture)
    if options.transient:
        train_series(options, architecture)
        return
    config = SurrogateConfig(
        architecture=architecture,
        training=options.training,
        point_share=options.point_share,
        edge_share=options.edge_share,
        loss=options.loss or SurrogateConfig.loss,
        mirror=options.mirror,
        validation_fraction=options.validation_fraction,
    )
    cases = CaseFolder(
        source=options.cases,
        fields=names(options.fields) or (),
        inputs=names(options.inputs) or (),
        parameters=names(options.parameters),
        track=_tracked,
        split=options.split,
        validation_fraction=options.validation_fraction,
    )
    report = train_on_cases(
        Surrogate(options.model, config),
        cases,
        options.out,
        resume=options.resume,
        callbacks=[EpochProgress("meshes")],
        command=shlex.join(["graphformers", *sys.argv[1:]]),
    )
    rows = RunFolder(options.out).read_metrics()
    show_errors([row for row in rows if row["part"] == rows[-1]["part"]])
    logger.info("report: %s", report)


def _add_predict_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", help="folder written by train")
    parser.add_argument("mesh", help="a mesh file or an OpenFOAM case")
    parser.add_argument("-o", "--output", default="predicted.vtu", help=".vtu, .vtp or .vtk")
    parser.add_argument("--given", help="parameters, such as angle_of_attack_deg=3,reynolds=1e6")
    parser.add_argument("--surface_points", type=int, help="of an STL file: about so many on it")
    parser.add_argument("--volume_points", type=int, help="of an STL file: so many around it")
    parser.add_argument(
        "--box",
        type=list[float],
        help="where those are, as [x0,x1,y0,y1,z0,z1]; default: a body length around",
    )


def _predict(options: Namespace) -> None:
    surrogate, given = Surrogate.load(options.run), _numbers(options.given)
    mesh = options.mesh
    if options.surface_points or options.volume_points:
        mesh = around_body(mesh, surrogate, given, options)
    dataset = surrogate.predict(mesh, given)
    write_dataset(dataset, options.output)
    logger.info(
        "%s at %d points written to %s",
        ", ".join(surrogate.fields_),
        dataset.n_points,
        options.output,
    )


def around_body(
    mesh: str, surrogate: Surrogate, given: dict[str, float], options: Namespace
) -> MeshCase:
    """The case of a body with as many points on and around it as were asked for.

    Raises ``ConfigError`` for a model that looks at edges, which points in the air have not.
    """
    case = case_to_predict(mesh, surrogate.read_options, given)
    if options.surface_points:
        case = with_surface_points(case, options.surface_points)
    if not options.volume_points:
        return case
    if surrogate.system_.reads_edges:
        raise ConfigError(f"{surrogate.model} looks at the edges of a mesh: give it one to predict")
    return with_volume_points(case, options.volume_points, box=options.box)


def _add_evaluate_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", help="folder written by train")
    parser.add_argument("cases", nargs="+", type=str, help=CASES_HELP)
    parser.add_argument("--part", choices=("train", "val", "test"), help="default: all cases")
    parser.add_argument("-o", "--output", help="write the metrics to this folder")


def _evaluate(options: Namespace) -> None:
    if is_stepper(options.run):
        show_errors(evaluate_series(options), counted="series")
        return
    surrogate = Surrogate.load(options.run)
    read = read_cases(options.cases, surrogate.read_options)
    chosen = [case for case in read if options.part in (None, case.split)]
    if not chosen:
        raise DataError(f"none of the {len(read)} cases belongs to the part {options.part!r}")
    part = Part(name=options.part or "all", cases=chosen)
    predict = cache(surrogate.predict_fields)  # to judge and to draw
    rows = judge({surrogate.model: predict}, [part])
    show_errors(rows)
    if options.output:
        run = RunFolder(options.output)
        run.write_metrics(rows)
        run.write_pictures(evaluation_pictures(surrogate.model, predict, chosen))


def _add_view_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("mesh", help="a mesh file or an OpenFOAM case")
    parser.add_argument("--field", required=True)
    parser.add_argument("--screenshot", default="view.png", help="the picture to write")
    parser.add_argument("--kinds", help=f"several pictures instead, of {', '.join(VIEWS)}; or all")
    parser.add_argument("--out", default="pictures", help="folder of the several pictures")


def _view(options: Namespace) -> None:
    if options.kinds:
        kinds = None if options.kinds == "all" else names(options.kinds)
        written = write_views(options.mesh, options.field, options.out, kinds)
        logger.info("%d pictures written to %s", len(written), options.out)
        return
    view(options.mesh, field=options.field, screenshot=options.screenshot)
    logger.info("picture: %s", options.screenshot)


def _tracked(files: Sequence[CaseFile]) -> Iterable[CaseFile]:
    return track(files, "reading cases", console=Console(stderr=True), transient=True)


def _numbers(text: str | None) -> dict[str, float]:
    """Numbers by name from ``a=1,b=2``."""
    numbers: dict[str, float] = {}
    for entry in names(text) or ():
        name, _, value = entry.partition("=")
        try:
            numbers[name.strip()] = float(value)
        except ValueError as error:
            raise DataError(
                f"--given takes name=number, separated by commas; got {entry!r}"
            ) from error
    return numbers


COMMANDS = (
    Command(
        "train",
        "learn fields from cases and judge the result",
        _add_train_arguments,
        _train,
        PRESETS,
    ),
    Command("predict", "predict the fields on one mesh", _add_predict_arguments, _predict),
    Command("rollout", "predict a series from its first state", add_rollout_arguments, rollout),
    Command("evaluate", "judge a surrogate on solved cases", _add_evaluate_arguments, _evaluate),
    Command("import", "write cases or series into a store", add_import_arguments, import_cases),
    Command("view", "draw a field of a mesh", _add_view_arguments, _view),
    Command("app", "turn the parameters of a surrogate on a web page", app.add_arguments, app.main),
)
