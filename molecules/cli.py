"""``graphformers molecules train | predict | evaluate | explain``."""

import logging
import shlex
import sys
from pathlib import Path

import numpy as np
from jsonargparse import ArgumentParser, Namespace

from graphformers.cli.command import Command
from graphformers.cli.metric_table import print_metrics
from graphformers.cli.progress import EpochProgress
from graphformers.errors import DataError
from graphformers.molecules.architecture import molecule_presets, training_for_molecules
from graphformers.molecules.experiment import SPLIT_METHODS, Part, TableSplit, judge, train_on_table
from graphformers.molecules.explanation import explain_molecule
from graphformers.molecules.explanation_folder import write_explanation
from graphformers.molecules.prediction_file import prediction_file, prediction_names
from graphformers.molecules.predictor import MODELS, PropertyPredictor
from graphformers.molecules.table import read_chunks, read_table
from graphformers.training import RunFolder, TrainingConfig

logger = logging.getLogger(__name__)

PRESETS = Path(__file__).parent / "presets"
SHOWN_BAD_ROWS = 5


def _add_train_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("table", help="CSV, TSV, Parquet, SDF or .smi")
    _add_column_arguments(parser)
    parser.add_argument("--model", default="gps", choices=MODELS)
    parser.add_argument("--preset", default="small", help=_presets_help())
    parser.add_argument("--task", default="auto", choices=("auto", "regression", "classification"))
    parser.add_argument("--split", default="scaffold", choices=SPLIT_METHODS)
    parser.add_argument("--split-column", help="a column with train, valid, test instead")
    parser.add_argument(
        "--out", default="runs/molecules", help="folder for everything the run makes"
    )
    parser.add_argument("--resume", action="store_true", help="go on after an interruption")
    parser.add_argument("--training", type=TrainingConfig, default=training_for_molecules())


def _presets_help() -> str:
    return "; ".join(f"{model}: {', '.join(molecule_presets(model))}" for model in MODELS)


def _train(options: Namespace) -> None:
    table = read_table(
        options.table,
        smiles_column=options.smiles_column,
        target_columns=options.target_columns,
        encoding=options.encoding,
    )
    predictor = PropertyPredictor(
        options.model, preset=options.preset, task=options.task, training=options.training
    )
    split = TableSplit(
        method=options.split, column=options.split_column, seed=options.training.seed
    )
    rows = train_on_table(
        predictor,
        table,
        split,
        options.out,
        resume=options.resume,
        callbacks=[EpochProgress("molecules")],
        command=shlex.join(["graphformers", *sys.argv[1:]]),
    )
    run = RunFolder(options.out)
    print_metrics([row for row in rows if row["part"] == "test"])
    bad = run.read_metrics("bad_rows")
    for one in bad[:SHOWN_BAD_ROWS]:
        logger.warning("row %s left out: %s (%s)", one["row"], one["reason"], one["smiles"])
    if len(bad) > SHOWN_BAD_ROWS:
        logger.warning("%d more rows left out, see bad_rows.csv", len(bad) - SHOWN_BAD_ROWS)
    logger.info("report: %s", run.report_file)


def _add_predict_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", help="folder written by train")
    parser.add_argument("table", help="CSV, TSV, Parquet, SDF or .smi")
    parser.add_argument("--smiles-column")
    parser.add_argument("--encoding", default="utf-8")
    parser.add_argument("-o", "--output", default="predictions.csv", help=".csv, .tsv or .parquet")


def _predict(options: Namespace) -> None:
    """Predict piece by piece: memory does not grow with the table."""
    predictor = PropertyPredictor.load(options.run)
    rows = bad = 0
    chunks = read_chunks(
        options.table, smiles_column=options.smiles_column, encoding=options.encoding
    )
    with prediction_file(options.output, prediction_names(predictor.target_names_)) as file:
        for chunk in chunks:
            file.write(chunk, predictor.predict_columns(chunk.smiles), predictor.bad_rows_)
            rows, bad = rows + len(chunk), bad + len(predictor.bad_rows_)
    logger.info("%d rows predicted to %s", rows - bad, options.output)
    if bad:
        logger.warning("%d rows could not be predicted; their reason is beside them", bad)


def _add_evaluate_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", help="folder written by train")
    parser.add_argument("table", help="a table with measured targets")
    _add_column_arguments(parser)
    parser.add_argument("-o", "--output", help="write the metrics to this folder")


def _evaluate(options: Namespace) -> None:
    predictor = PropertyPredictor.load(options.run)
    table = read_table(
        options.table,
        smiles_column=options.smiles_column,
        target_columns=options.target_columns or predictor.target_names_,
        encoding=options.encoding,
    )
    if table.targets.shape[1] != len(predictor.target_names_):
        raise DataError(
            f"the model predicts {predictor.target_names_}; name as many target columns, "
            f"got {list(table.target_names)}"
        )
    part = Part(name="all", rows=np.arange(len(table)), smiles=table.smiles, targets=table.targets)
    methods = {predictor.model: lambda part: predictor.predict_columns(part.smiles)}
    rows = judge(methods, [part], predictor.task_, table.target_names)
    print_metrics(rows)
    if options.output:
        RunFolder(options.output).write_metrics(rows)


def _add_explain_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", help="folder written by train")
    parser.add_argument("smiles", help="one molecule")
    parser.add_argument("--target", type=int, default=0, help="number of the target, from 0")
    parser.add_argument("-o", "--output", default="explanation", help="folder for the files")


def _explain(options: Namespace) -> None:
    predictor = PropertyPredictor.load(options.run)
    explanation = explain_molecule(predictor, options.smiles, options.target)
    pictures = write_explanation(explanation, options.output)
    logger.info("%s: %.4g predicted", explanation.target, explanation.prediction)
    logger.info("atoms, heads and %d pictures in %s", len(pictures), options.output)


def _add_column_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--smiles-column")
    parser.add_argument("--target-columns", nargs="+", type=str)
    parser.add_argument("--encoding", default="utf-8", help="of text tables, such as latin-1")


COMMANDS = (
    Command(
        "train", "train on a table and judge the result", _add_train_arguments, _train, PRESETS
    ),
    Command("predict", "predict a table of any length", _add_predict_arguments, _predict),
    Command("evaluate", "judge a model on a table", _add_evaluate_arguments, _evaluate),
    Command("explain", "what one prediction hangs on", _add_explain_arguments, _explain),
)
