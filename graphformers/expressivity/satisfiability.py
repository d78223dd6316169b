"""EXP and CEXP: graphs of formulas in pairs, one of each satisfiable."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import DataError
from graphformers.expressivity.graph_set import GraphSet, batch_of

FILES = {"exp": "EXP_GRAPHSAT.txt", "cexp": "CEXP_GRAPHSAT.txt"}
NODE_TYPES = 2  # literals and clauses


@dataclass
class _Lines:
    """Lines of a file, each split into whole numbers; an error names the file and the line."""

    path: Path
    lines: Iterator[str]
    number: int = 0

    def next(self, what: str) -> list[int]:
        """The next line."""
        self.number += 1
        line = next(self.lines, None)
        if line is None:
            raise DataError(f"{self.path} ends at line {self.number}, where {what} should stand")
        try:
            return [int(word) for word in line.split()]
        except ValueError as error:
            raise self.error(f"{what} should be whole numbers; got {line.strip()!r}") from error

    def error(self, message: str) -> DataError:
        """An error at the present line."""
        return DataError(f"{self.path}, line {self.number}: {message}")


def find_file(folder: Path, name: str) -> Path | None:
    """``EXP_GRAPHSAT.txt`` of ``"exp"``, or the same with ``.gz``; None where there is neither."""
    for candidate in (folder / FILES[name], folder / f"{FILES[name]}.gz"):
        if candidate.is_file():
            return candidate
    return None


def read_satisfiability(path: Path, name: str) -> GraphSet:
    """All graphs of a file; consecutive graphs are a pair and have different labels.

    The first line is the number of graphs. Each begins with a line "nodes label" and has a line
    per node, "type degree neighbour neighbour ...". Raises ``DataError`` with the line of the first
    thing that is otherwise.

    Source: Abboud et al. 2021, arXiv:2010.01179, and the files of its repository.
    """
    text = gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8")  # noqa: SIM115
    with text:
        lines = _Lines(path, iter(text))
        header = lines.next("the number of graphs")
        if len(header) != 1 or header[0] % 2 or header[0] < 0:
            raise lines.error(f"an even number of graphs should stand alone here; got {header}")
        read = [_read_graph(lines) for _ in range(header[0])]
        if any(line.strip() for line in lines.lines):
            raise DataError(f"{path} has more than the {header[0]} graphs its first line promises")
    labels = tuple(label for label, _, _ in read)
    for first in range(0, len(labels), 2):
        if labels[first] == labels[first + 1]:
            raise DataError(f"{path}: graphs {first} and {first + 1} should have different labels")
    return GraphSet(
        name=name,
        graphs=batch_of(
            [(len(types), edges) for _, types, edges in read], [one for _, one, _ in read]
        ),
        pairs=torch.arange(len(read)).reshape(-1, 2),
        node_types=NODE_TYPES,
        labels=labels,
    )


def _read_graph(lines: _Lines) -> tuple[int, Int[Tensor, " nodes"], Int[Tensor, "2 edges"]]:
    """Label, type of every node, and edges as listed: from each node to its neighbours."""
    header = lines.next("'nodes label'")
    if len(header) != 2 or header[0] < 1 or header[1] not in (0, 1):
        raise lines.error(f"'nodes label' with label 0 or 1 should stand here; got {header}")
    size, label = header
    types, edges = [], []
    for node in range(size):
        row = lines.next(f"node {node} of {size}")
        if len(row) < 2 or len(row) != 2 + row[1]:
            raise lines.error(f"'type degree neighbours' with degree neighbours; got {row}")
        if row[0] not in range(NODE_TYPES) or not all(0 <= one < size for one in row[2:]):
            raise lines.error(
                f"types are below {NODE_TYPES} and neighbours below {size}; got {row}"
            )
        types.append(row[0])
        edges += [(node, neighbour) for neighbour in row[2:]]
    if set(edges) != {(target, source) for source, target in edges}:
        raise lines.error("the graph ending here lists an edge in one direction only")
    both = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).mT
    return label, torch.tensor(types), both
