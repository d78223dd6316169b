"""Very many rows, some at a time."""

from collections.abc import Iterator

import torch
from torch import Tensor

MANY_ROWS = 1 << 14  # of fewer there is little to save
ROWS_AT_A_TIME = {"cpu": 1 << 11}  # as many as stay in the cache on the whole way
ROWS_ELSEWHERE = 1 << 18  # as many as keep an accelerator busy


def worth_dividing(rows: Tensor) -> bool:
    """Whether these are so many that a chain of operations should take them piece by piece.

    Not in compiled code, which divides by itself, nor under autocast, which casts on the way.
    """
    return (
        rows.shape[0] >= MANY_ROWS
        and not torch.compiler.is_compiling()
        and not torch.is_autocast_enabled(rows.device.type)
    )


def row_pieces(rows: Tensor) -> Iterator[slice]:
    """All rows in order, as many at a time as suits the device."""
    step = ROWS_AT_A_TIME.get(rows.device.type, ROWS_ELSEWHERE)
    for start in range(0, rows.shape[0], step):
        yield slice(start, start + step)


def at_least_float32(like: Tensor) -> torch.dtype:
    """In which sums over pieces are kept."""
    return torch.promote_types(like.dtype, torch.float32)
