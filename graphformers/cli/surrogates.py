"""``graphformers bench surrogates``: what every model learns of flows in the same time."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console
from rich.table import Table

from graphformers.benchmarks.surrogates import (
    BASELINES,
    PEERS,
    SHOWN,
    SurrogateOutcome,
    cases_to_judge,
    from_json,
    judged,
    to_json,
)
from graphformers.cli.command import guarded
from graphformers.cli.peers import installed
from graphformers.errors import ShapeError
from graphformers.files import write_json
from graphformers.physics.experiment import CaseFolder
from graphformers.physics.surrogate import MODELS


def main(arguments: Sequence[str]) -> int:
    """Train, print the table, and keep every run in a file from which the next call goes on."""
    parser = ArgumentParser(prog="graphformers bench surrogates", description=__doc__)
    parser.add_argument("cases", type=Path, help="folder of cases whose cases.csv names test cases")
    parser.add_argument("--fields", type=str, default="p,U")
    parser.add_argument("--models", nargs="+", type=str, default=[*MODELS, *PEERS, *BASELINES])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=4.0, help="processor time of each run")
    parser.add_argument("--json", type=Path, default=Path("runs/surrogates.json"))
    options = parser.parse_args(list(arguments))
    return guarded(lambda: run(options))


def run(options: Namespace) -> None:
    """Make the runs that the file does not hold yet; say which models cannot read the cases."""
    console = Console(width=max(Console().width, 120))
    done = _kept(options.json)
    made = {one.run for one in done}
    cases = CaseFolder(source=options.cases, fields=tuple(options.fields.split(",")))
    store = cases.open()
    test = cases_to_judge(cases, store)
    packages = {name: PEERS[name].package if name in PEERS else None for name in options.models}
    models = installed(packages, console)
    for seed in options.seeds:
        for model in models:
            if (model, seed, options.minutes) in made:
                continue
            try:
                done.append(judged(store, test, model, seed=seed, minutes=options.minutes))
            except ShapeError as error:  # a model of grids, and these cases are none
                console.print(f"{model} is left out: {error}", highlight=False, soft_wrap=True)
                continue
            write_json(options.json, to_json(done))
            console.print(f"{model}, seed {seed}: {done[-1].errors}", highlight=False)
    console.print(table(done))


def table(outcomes: Sequence[SurrogateOutcome]) -> Table:
    """A row per model: means over seeds."""
    shown = Table("model", "minutes", "seeds", "parameters", *SHOWN, box=None, padding=(0, 2))
    groups: dict[tuple[str, float], list[SurrogateOutcome]] = {}
    for one in outcomes:
        groups.setdefault((one.model, one.minutes), []).append(one)
    for (model, minutes), runs in groups.items():
        means = [
            statistics.mean(one.errors.get(name, float("nan")) for one in runs) for name in SHOWN
        ]
        numbers = (f"{one:.3f}" for one in means)
        shown.add_row(model, f"{minutes:g}", str(len(runs)), f"{runs[0].parameters:,}", *numbers)
    return shown


def _kept(path: Path) -> list[SurrogateOutcome]:
    return from_json(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []
