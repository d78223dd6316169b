"""The graphs that come with the package; ``data/README.md`` tells where they are from."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import torch

from graphformers.errors import DataError
from graphformers.expressivity.graph6 import edges_from_graph6, edges_from_lines
from graphformers.expressivity.graph_set import GraphSet, all_pairs, batch_of

DATA = Path(__file__).parent / "data"
CATEGORIES = {
    "basic": 60,
    "regular": 50,
    "strongly-regular": 50,
    "extension": 100,
    "cfi": 100,
    "4-vertex": 20,
    "distance-regular": 20,
}
"""Pairs of every category of BREC, in the order of the file."""


def strongly_regular_25() -> GraphSet:
    """SR25: 15 strongly regular graphs, parameters (25, 12, 5, 6), that 3-WL cannot tell apart."""
    lines = (DATA / "sr251256.g6").read_text(encoding="ascii").splitlines()
    edges = edges_from_lines(lines)
    return GraphSet(name="sr25", graphs=batch_of(edges), pairs=all_pairs(len(edges)))


def brec_pairs() -> GraphSet:
    """The 400 pairs of BREC, pair ``i`` being graphs ``2 i`` and ``2 i + 1``.

    Source: Wang and Zhang 2024, arXiv:2304.07702.
    """
    with gzip.open(DATA / "brec_v3_pairs.tsv.gz", "rt", encoding="ascii") as file:
        return read_brec(file.read().splitlines())


def read_brec(lines: Sequence[str]) -> GraphSet:
    """Pairs from a header and lines "category, graph, graph", separated by tabulators."""
    names = [name for name, count in CATEGORIES.items() for _ in range(count)]
    if len(lines) != len(names) + 1:
        raise DataError(f"a header and {len(names)} pairs should be there; got {len(lines)} lines")
    edges = []
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != 3:
            raise DataError(f"line {number} should have 3 cells; got {len(cells)}")
        try:
            edges += [edges_from_graph6(cell) for cell in cells[1:]]
        except DataError as error:
            raise DataError(f"line {number}: {error}") from error
    return GraphSet(
        name="brec",
        graphs=batch_of(edges),
        pairs=torch.arange(len(edges)).reshape(-1, 2),
        categories=tuple(names),
    )
