"""``graphformers demo``: both jobs on bundled data, by the commands a user would type."""

import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console
from rich.rule import Rule

from graphformers.cli.main import run
from graphformers.molecules import bundled_table
from graphformers.physics import bundled_airfoils
from graphformers.training import Report, RunFolder

SOLUBILITY = "measured log solubility in mols per litre"


def main(arguments: Sequence[str]) -> int:
    """Run the demonstration; the exit status is that of the first command that fails."""
    parser = ArgumentParser(prog="graphformers demo", description=__doc__)
    parser.add_argument("--out", default="runs/demo", help="folder for both runs and the report")
    parser.add_argument("--quick", action="store_true", help="two epochs each: shows the way only")
    options = parser.parse_args(list(arguments))
    folder = Path(options.out)
    console = Console()
    started = time.monotonic()
    commands = demo_commands(folder, quick=options.quick)
    for title, command in commands:
        console.print(Rule(title, align="left"))
        line = f"$ {shlex.join(['graphformers', *command])}\n"
        console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)
        status = run(command)
        if status:
            return status
    minutes = (time.monotonic() - started) / 60
    report = write_demo_report(folder, commands, minutes)
    console.print(Rule(align="left"))
    console.print(f"Done in {minutes:.1f} minutes. Report: {report}", highlight=False)
    return 0


def demo_commands(folder: Path, *, quick: bool = False) -> list[tuple[str, list[str]]]:
    """Titles and command lines of the demonstration."""
    esol, freesolv = str(bundled_table("esol")), str(bundled_table("freesolv"))
    airfoils = bundled_airfoils()
    mesh = str(unseen_airfoil(airfoils))
    molecules, physics = str(folder / "esol"), str(folder / "airfoils")
    predicted = str(folder / "airfoils" / "predicted.vtu")
    shorter = ["--training.epochs", "2"] if quick else []
    return [
        (
            "Train on the solubility of 1,128 molecules, test on scaffolds it has not seen",
            [
                *("molecules", "train", esol, "--target-columns", SOLUBILITY),
                *("--config", "gps-small", "--out", molecules, *shorter),
            ],
        ),
        (
            "Predict the solubility of other molecules",
            ["molecules", "predict", molecules, freesolv, "-o", f"{molecules}/predictions.csv"],
        ),
        (
            "Train on the flow around airfoils, test on airfoils it has not seen",
            [
                *("physics", "train", str(airfoils), "--fields", "p,U"),
                *("--config", "physgto-small", "--out", physics, *shorter),
            ],
        ),
        (
            "Predict the flow around one of the unseen airfoils",
            ["physics", "predict", physics, mesh, "-o", predicted],
        ),
        (
            "Look at its pressure",
            ["physics", "view", predicted, "--field", "p", "--screenshot", f"{physics}/p.png"],
        ),
    ]


def unseen_airfoil(folder: Path) -> Path:
    """The first mesh of the test part."""
    rows = (folder / "cases.csv").read_text(encoding="utf-8").splitlines()
    header = rows[0].split(",")
    for row in rows[1:]:
        cells = dict(zip(header, row.split(","), strict=True))
        if cells["split"] == "test":
            return folder / f"{cells['case']}.vtu"
    raise FileNotFoundError(f"{folder}/cases.csv names no test case")


def write_demo_report(
    folder: Path, commands: Sequence[tuple[str, list[str]]], minutes: float
) -> Path:
    """One page with the test metrics and the pictures of both runs."""
    report = Report(
        "graphformers demonstration",
        f"Molecules and meshes, trained and judged on this machine in {minutes:.1f} minutes.",
    )
    for name, title in (("esol", "Molecules: solubility"), ("airfoils", "Meshes: airfoil flow")):
        run_folder = RunFolder(folder / name)
        rows = [row for row in run_folder.read_metrics() if row.get("part") == "test"]
        report.table(f"{title}, on the test part", rows)
        pictures = sorted((run_folder.path / "pictures").glob("*.png"))
        report.pictures(title, {one.stem.replace("_", " "): one.read_bytes() for one in pictures})
    lines = [shlex.join(["graphformers", *command]) for _, command in commands]
    report.code("Commands", "\n".join(lines))
    return RunFolder(folder).write_report(report)
