"""``graphformers bench operators``: operators on grids after the same time of training."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from jsonargparse import ArgumentParser, Namespace
from rich.console import Console
from rich.table import Table

from graphformers.benchmarks.operators import (
    OPERATORS,
    OperatorOutcome,
    from_json,
    problem,
    summary,
    to_json,
    train_once,
)
from graphformers.benchmarks.peer_package import PeerPackage
from graphformers.cli.command import guarded
from graphformers.cli.peers import installed
from graphformers.files import write_json


def main(arguments: Sequence[str]) -> int:
    """Train, print the table, and keep every run in a file from which the next call goes on."""
    parser = ArgumentParser(prog="graphformers bench operators", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of neuraloperator's files")
    parser.add_argument("--problems", nargs="+", type=str, default=list(OPERATORS))
    parser.add_argument("--models", nargs="+", type=str, default=None, help="all if left out")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=60.0, help="processor time of each run")
    parser.add_argument("--json", type=Path, default=Path("runs/operators.json"))
    options = parser.parse_args(list(arguments))
    return guarded(lambda: run(options))


def run(options: Namespace) -> None:
    """Make the runs that the file does not hold yet, seed by seed, so that a cut is fair."""
    torch.set_num_threads(1)
    console = Console(width=max(Console().width, 120))
    done = _kept(options.json)
    made = {one.run for one in done}
    for name in options.problems:
        task = problem(name, options.data)
        models = installed(_wanted(name, options.models), console)
        for seed in options.seeds:
            for model in models:
                if (name, model, seed, options.seconds) in made:
                    continue
                done.append(train_once(task, model, seed=seed, seconds=options.seconds))
                write_json(options.json, to_json(done))
                console.print(f"{name}, {model}, seed {seed}: {done[-1].errors}", highlight=False)
    console.print(*_tables(done), sep="\n")


def _wanted(name: str, models: Sequence[str] | None) -> dict[str, PeerPackage | None]:
    """Models of a problem that were asked for, with the package that each needs."""
    known = OPERATORS[name].items()
    return {model: one.package for model, one in known if models is None or model in models}


def _kept(path: Path) -> list[OperatorOutcome]:
    return from_json(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []


def _tables(outcomes: Sequence[OperatorOutcome]) -> list[Table]:
    """One for every problem: their tests differ."""
    tables = []
    for name in dict.fromkeys(one.problem for one in outcomes):
        rows = summary([one for one in outcomes if one.problem == name])
        table = Table(*rows[0], box=None, padding=(0, 2))
        for row in rows:
            table.add_row(*map(str, row.values()))
        tables.append(table)
    return tables
