"""What the commands of the room read from their arguments and print."""

from collections.abc import Sequence

from rich.table import Table

from graphformers.cli.metric_table import print_whole
from graphformers.training.report import Cell


def names(text: str | None) -> tuple[str, ...] | None:
    """Names between commas."""
    if text is None:
        return None
    return tuple(name.strip() for name in text.split(",") if name.strip())


def show_errors(rows: Sequence[dict[str, Cell]], *, counted: str = "cases") -> None:
    """Print errors as a table, one line per method and quantity; ``counted`` over what."""
    quantities = list(dict.fromkeys(key.split("/")[0] for key in rows[0] if "/" in key))
    for quantity in quantities:
        prefix = f"{quantity}/"
        columns = [key for key in rows[0] if key.startswith(prefix)]
        titles = [key.removeprefix(prefix) for key in columns]
        table = Table(quantity, counted, *titles, box=None, padding=(0, 2, 0, 0))
        for row in rows:
            table.add_row(
                str(row["method"]), str(row[counted]), *(_shown(row[key]) for key in columns)
            )
        print_whole(table)


def _shown(value: Cell) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value if value is not None else "–")
