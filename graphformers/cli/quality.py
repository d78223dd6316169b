"""``graphformers bench quality``: what every graph model learns from molecules, at equal epochs."""

import json
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console
from rich.table import Table

from graphformers.benchmarks.quality import (
    MODELS,
    SETS,
    Outcome,
    all_runs,
    from_json,
    summary,
    to_json,
    train_once,
)
from graphformers.cli.command import guarded
from graphformers.files import write_json


def main(arguments: Sequence[str]) -> int:
    """Train, print the table, and keep every run in a file from which the next call goes on."""
    parser = ArgumentParser(prog="graphformers bench quality", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the tables")
    parser.add_argument("--sets", nargs="+", type=str, default=list(SETS), help=", ".join(SETS))
    parser.add_argument("--models", nargs="+", type=str, default=list(MODELS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=10, help="the same for every model")
    parser.add_argument("--json", type=Path, default=Path("runs/quality.json"))
    options = parser.parse_args(list(arguments))
    return guarded(lambda: run(options))


def run(options: Namespace) -> None:
    """Make the runs that the file does not hold yet."""
    console = Console(width=max(Console().width, 120))
    done = _kept(options.json)
    made = {one.run for one in done}
    epochs = {str(name): int(options.epochs) for name in options.sets}
    for which, molecules in all_runs(
        options.sets, options.models, options.seeds, epochs, options.data
    ):
        if which in made:
            continue
        name, model, seed, count = which
        outcome = train_once(molecules, model, seed=seed, epochs=count)
        done.append(outcome)
        write_json(options.json, to_json(done))
        told = f"{name} {model} seed {seed}: {outcome.metric} {outcome.value:.4f}"
        console.print(f"{told}, {outcome.minutes:.1f} minutes", highlight=False)
    console.print(_table(done))


def _kept(path: Path) -> list[Outcome]:
    return from_json(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []


def _table(outcomes: Sequence[Outcome]) -> Table:
    rows = summary(outcomes)
    table = Table(*(rows[0] if rows else ["no runs"]), box=None, padding=(0, 2))
    for row in rows:
        table.add_row(
            *(f"{one:.4f}" if isinstance(one, float) else str(one) for one in row.values())
        )
    return table
