"""Numbers from the cells of a table column: text or numbers, with missing values as NaN."""

import math

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphformers.errors import DataError

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "missing", "-"})
TRUTH = {"true": 1.0, "false": 0.0}


def read_numbers(column: pa.ChunkedArray, first_row: int = 0) -> NDArray[np.float64]:
    """The column's cells as float64, NaN where a cell is missing.

    Missing are empty cells and the usual words for them; ``true`` and ``false`` are 1 and 0.
    ``DataError`` names the first cell that is neither, its row counted from ``first_row + 1``.
    """
    cells = column.to_pylist()
    numbers = np.array([_number(cell) for cell in cells], dtype=np.float64)
    bad = np.flatnonzero(np.isinf(numbers))
    if len(bad) > 0:
        two_words = len({str(cells[one]) for one in bad}) == 2 and not np.isfinite(numbers).any()
        advice = "leave the cell empty where nothing was measured"
        if two_words:
            advice = "write two classes as 0 and 1"
        also = f" (and {len(bad) - 1} rows more)" if len(bad) > 1 else ""
        raise DataError(
            f"row {first_row + bad[0] + 1}{also}: "
            f"{cells[bad[0]]!r} is not a finite number; {advice}"
        )
    return numbers


def holds_numbers(column: pa.ChunkedArray) -> bool:
    """Whether at least one cell holds a number, and none holds anything else."""
    numbers = np.array([_number(cell) for cell in column.to_pylist()], dtype=np.float64)
    return not np.isinf(numbers).any() and not np.isnan(numbers).all()


def _number(cell: object) -> float:
    """The number in a cell; NaN when it is missing, infinite when it holds anything else."""
    if cell is None:
        return math.nan
    if isinstance(cell, str):
        word = cell.strip().lower()
        if word in MISSING:
            return math.nan
        cell = TRUTH.get(word, cell)
    try:
        return float(cell)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError):
        return math.inf
