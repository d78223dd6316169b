"""Metrics as a table on the console."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from graphformers.training.report import Cell

UNBOUNDED = 10_000  # columns, wider than any table


def print_metrics(rows: Sequence[Mapping[str, Cell]]) -> None:
    """Print rows with the columns of the first; a figure that is not defined is a dash."""
    if not rows:
        return
    table = Table(*rows[0], box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(_shown(row.get(name)) for name in rows[0]))
    print_whole(table)


def print_whole(table: Table) -> None:
    """Print a table whose figures and headings are never cut off, however narrow the console."""
    console = Console()
    unbounded = console.options.update(max_width=UNBOUNDED)
    needed = console.measure(table, options=unbounded).maximum
    Console(width=max(console.width, needed)).print(table)


def _shown(value: Cell) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
