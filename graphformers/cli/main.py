"""``graphformers <room> <command>``: the rooms are imported only when they are asked for."""

import importlib
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from graphformers import __version__
from graphformers.cli.command import MISTAKE, run_command
from graphformers.errors import nearest_name

ROOMS = {
    "molecules": ("graphformers.molecules.cli", "train, predict, evaluate on tables of SMILES"),
    "graphs": ("graphformers.graphs.cli", "train, predict, evaluate on sets of graphs"),
    "physics": ("graphformers.physics.cli", "train, predict, evaluate, view on meshes"),
    "demo": ("graphformers.cli.demo", "both jobs on bundled data, ending in a report"),
    "doctor": ("graphformers.cli.doctor", "versions, device, kernel cache, what is missing"),
    "bench": ("graphformers.cli.bench", "time and memory of the kernels beside their peers"),
    "models": ("graphformers.cli.models", "the systems and what each can do"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the ``graphformers`` program."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        _print_overview()
        return 0 if arguments else MISTAKE
    if arguments[0] == "--version":
        Console().print(f"graphformers {__version__}", highlight=False)
        return 0
    room, *rest = arguments
    if room not in ROOMS:
        hint = nearest_name(room, list(ROOMS)) or f" (known: {', '.join(ROOMS)})"
        Console(stderr=True).print(f"no command {room!r}{hint}", highlight=False)
        return MISTAKE
    module = importlib.import_module(ROOMS[room][0])
    if hasattr(module, "COMMANDS"):
        return run_command(f"graphformers {room}", module.COMMANDS, rest)
    return module.main(rest)


def _print_overview() -> None:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, (_, help_line) in ROOMS.items():
        table.add_row(f"[bold]graphformers {name}[/]", help_line)
    console = Console()
    console.print("Graph transformers for molecules, graphs and meshes.\n", highlight=False)
    console.print(table)
    console.print("\nEach takes --help.", highlight=False)
