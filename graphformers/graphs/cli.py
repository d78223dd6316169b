"""``graphformers graphs train | predict | evaluate``."""

import logging
import shlex
import sys
from pathlib import Path

import numpy as np
from jsonargparse import ArgumentParser, Namespace

from graphformers.cli.command import Command
from graphformers.cli.metric_table import print_metrics
from graphformers.cli.progress import EpochProgress
from graphformers.errors import ConfigError, DataError
from graphformers.graphs.architecture import training_for_graphs
from graphformers.graphs.dataset import load_dataset
from graphformers.graphs.experiment import train_on_graphs
from graphformers.graphs.folder import read_graph_folder
from graphformers.graphs.graph_set import GraphSet
from graphformers.graphs.judging import judge
from graphformers.graphs.prediction_table import write_predictions
from graphformers.graphs.predictor import GraphPredictor
from graphformers.systems import SYSTEMS
from graphformers.tasks import random_split
from graphformers.training import RunFolder, TrainingConfig

logger = logging.getLogger(__name__)

PRESETS = Path(__file__).parent / "presets"
SPLITS = ("own", "random")
PARTS = ("all", "train", "validation", "test")
SHOWN_BAD_GRAPHS = 5


def _add_source_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", help="a folder with graphs.csv and a file per graph")
    parser.add_argument("--dataset", help="or a data set of torch-geometric, such as MUTAG or ZINC")
    parser.add_argument("--root", help="the folder that data set is kept in")
    parser.add_argument("--target-columns", nargs="+", type=str, help="of graphs.csv")


def _graphs(options: Namespace) -> GraphSet:
    if (options.folder is None) == (options.dataset is None):
        raise ConfigError("give a folder of graphs, or --dataset NAME --root FOLDER")
    if options.dataset is None:
        return read_graph_folder(options.folder, target_columns=options.target_columns)
    if options.root is None:
        raise ConfigError("--dataset needs --root, the folder it is kept in")
    return load_dataset(options.dataset, options.root)


def _add_train_arguments(parser: ArgumentParser) -> None:
    _add_source_arguments(parser)
    parser.add_argument("--model", default="gps", choices=tuple(SYSTEMS))
    parser.add_argument("--preset", default="small", help=_presets_help())
    parser.add_argument("--task", default="auto", choices=("auto", "regression", "classification"))
    parser.add_argument("--split", choices=SPLITS, help="default: the set's own where it has one")
    parser.add_argument("--out", default="runs/graphs", help="folder for everything the run makes")
    parser.add_argument("--resume", action="store_true", help="go on after an interruption")
    parser.add_argument("--training", type=TrainingConfig, default=training_for_graphs())


def _presets_help() -> str:
    names = {
        one.name: dict.fromkeys([*one.level_presets("graph"), *one.level_presets("node")])
        for one in SYSTEMS.values()
    }
    return "; ".join(f"{model}: {', '.join(presets)}" for model, presets in names.items())


def _train(options: Namespace) -> None:
    graphs = _graphs(options)
    if options.split == "own" and graphs.split is None:
        raise ConfigError("these graphs have no split of their own; leave out --split own")
    split = None if options.split == "random" else graphs.split
    predictor = GraphPredictor(
        options.model, preset=options.preset, task=options.task, training=options.training
    )
    rows = train_on_graphs(
        predictor,
        graphs,
        split or random_split(len(graphs), seed=options.training.seed),
        options.out,
        resume=options.resume,
        callbacks=[EpochProgress("graphs")],
        command=shlex.join(["graphformers", *sys.argv[1:]]),
    )
    print_metrics([row for row in rows if row["part"] == "test"])
    for one in predictor.bad_graphs_[:SHOWN_BAD_GRAPHS]:
        logger.warning("%s left out: %s", one.name, one.reason)
    if len(predictor.bad_graphs_) > SHOWN_BAD_GRAPHS:
        more = len(predictor.bad_graphs_) - SHOWN_BAD_GRAPHS
        logger.warning("%d more graphs left out, see bad_graphs.csv", more)
    logger.info("report: %s", RunFolder(options.out).report_file)


def _add_predict_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", help="folder written by train")
    _add_source_arguments(parser)
    parser.add_argument("-o", "--output", default="predictions.csv", help="a CSV file")


def _predict(options: Namespace) -> None:
    predictor = GraphPredictor.load(options.run)
    graphs = _graphs(options)
    columns = predictor.predict_columns(graphs)
    bad = predictor.bad_graphs_
    write_predictions(options.output, graphs, columns, predictor.target_, bad)
    logger.info("%d graphs predicted to %s", len(graphs) - len(bad), options.output)
    if bad:
        logger.warning("%d graphs could not be predicted; their reason is beside them", len(bad))


def _add_evaluate_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", help="folder written by train")
    _add_source_arguments(parser)
    parser.add_argument("--part", default="all", choices=PARTS, help="of the set's own split")
    parser.add_argument("-o", "--output", help="write the metrics to this folder")


def _evaluate(options: Namespace) -> None:
    predictor = GraphPredictor.load(options.run)
    graphs = _graphs(options)
    if options.part != "all":
        if graphs.split is None:
            raise ConfigError(f"these graphs have no split; --part {options.part} needs one")
        graphs = graphs.select(getattr(graphs.split, options.part))
    if graphs.targets is None or graphs.level != predictor.level_:
        raise DataError(f"evaluating needs a target for every {predictor.level_}")
    encoded = predictor.target_.encode(graphs.targets)
    methods = {predictor.model: predictor.predict_columns(graphs)}
    rows = judge(methods, np.arange(graphs.num_rows), encoded, predictor.target_, options.part)
    print_metrics(rows)
    if options.output:
        RunFolder(options.output).write_metrics(rows)


COMMANDS = (
    Command("train", "train on graphs and judge the result", _add_train_arguments, _train, PRESETS),
    Command("predict", "predict for graphs", _add_predict_arguments, _predict),
    Command("evaluate", "judge a model on graphs", _add_evaluate_arguments, _evaluate),
)
