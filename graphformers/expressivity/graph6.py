"""Graphs written as graph6, one short line of printable characters each."""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import DataError

HEADER = ">>graph6<<"
_FIRST, _LAST = 63, 126  # '?' stands for 0, '~' for 63
_LONG = 126  # the next three characters hold the number of nodes


def edges_from_graph6(line: str) -> tuple[int, Int[Tensor, "2 edges"]]:
    r"""Number of nodes and edges, both directions of each, of one graph.

    Every character holds six bits. The first one (three after ``~``) is the number of nodes; the
    rest is the upper triangle of the adjacency matrix, column by column:
    :math:`A_{01}, A_{02}, A_{12}, A_{03}, \dots`

    Raises ``DataError`` for a character outside ``?`` to ``~`` and for a line of another length
    than its number of nodes asks for.

    Source: B. D. McKay, the description of formats that comes with nauty.
    """
    text = line.strip().removeprefix(HEADER)
    codes = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    if codes.size == 0 or codes.min() < _FIRST or codes.max() > _LAST:
        raise DataError(f"graph6 is written in the characters ? to ~; got {_shown(text)}")
    num_nodes, first = _num_nodes(codes, text)
    upper = num_nodes * (num_nodes - 1) // 2
    expected = first + -(-upper // 6)
    if codes.size != expected:
        raise DataError(
            f"a graph6 line of {num_nodes} nodes has {expected} characters; "
            f"got {codes.size}: {_shown(text)}"
        )
    bits = np.unpackbits((codes[first:] - _FIRST)[:, None], axis=1)[:, 2:].reshape(-1)
    column, row = np.tril_indices(num_nodes, -1)
    chosen = bits[:upper].astype(bool)
    edges = np.stack([row[chosen], column[chosen]])
    both = np.concatenate([edges, edges[::-1]], axis=1)
    return num_nodes, torch.from_numpy(both.astype(np.int64))


def edges_from_lines(lines: Iterable[str]) -> list[tuple[int, Int[Tensor, "2 _"]]]:
    """All graphs of a graph6 file; an error names the line."""
    graphs = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                graphs.append(edges_from_graph6(line))
            except DataError as error:
                raise DataError(f"line {number}: {error}") from error
    return graphs


def _num_nodes(codes: np.ndarray, text: str) -> tuple[int, int]:
    """Number of nodes, and the position of the first character of the matrix."""
    if codes[0] != _LONG:
        return int(codes[0]) - _FIRST, 1
    if codes.size < 4 or codes[1] == _LONG:
        raise DataError(f"graph6 of at most 258,047 nodes is read; got {_shown(text)}")
    high, middle, low = (int(one) - _FIRST for one in codes[1:4])
    return (high << 12) | (middle << 6) | low, 4


def _shown(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:17] + "...")
