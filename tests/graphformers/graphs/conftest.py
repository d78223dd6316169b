"""Rings and chains: small sets of graphs to learn from, in memory and on disk."""

import csv

import pytest
import torch
from torch_geometric.data import Data

from graphformers.cache_folder import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    """A cache of its own for every test."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def both_ways(edges):
    return torch.tensor([[a, b] for one in edges for a, b in (one, one[::-1])]).reshape(-1, 2).T


def make_chain(nodes, *, closed=False, **fields):
    edges = [(one, one + 1) for one in range(nodes - 1)] + ([(nodes - 1, 0)] if closed else [])
    kinds = torch.arange(nodes).remainder(2)[:, None]
    values = {"x": kinds, "edge_index": both_ways(edges), "edge_attr": None, "y": None}
    return Data(**{**values, **fields}, num_nodes=nodes)


@pytest.fixture
def chain():
    return make_chain


@pytest.fixture
def rings_and_chains():
    """Sixteen graphs; class 1 is a ring."""
    return [
        make_chain(nodes, closed=closed, y=torch.tensor([int(closed)]))
        for nodes in range(3, 11)
        for closed in (False, True)
    ]


@pytest.fixture
def write_folder(tmp_path):
    """Writes files and the table that lists them."""

    def write(header, rows, files):
        folder = tmp_path / "graphs"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(content)
        with (folder / "graphs.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return folder

    return write


@pytest.fixture
def tu_root(tmp_path):
    """A data set of the TU collection in its raw text format: triangles and paths of three."""
    folder = tmp_path / "root" / "TINY" / "raw"
    folder.mkdir(parents=True)
    edges, owners, labels = [], [], []
    for graph in range(12):
        first = 3 * graph + 1
        joined = [(first, first + 1), (first + 1, first + 2)]
        joined += [(first + 2, first)] if graph % 2 else []
        edges += [pair for a, b in joined for pair in ((a, b), (b, a))]
        owners += [graph + 1] * 3
        labels.append(3 if graph % 2 else 7)
    texts = {
        "A": [f"{a}, {b}" for a, b in edges],
        "graph_indicator": owners,
        "graph_labels": labels,
        "node_labels": [node % 2 for node in range(36)],
    }
    for name, lines in texts.items():
        (folder / f"TINY_{name}.txt").write_text("\n".join(str(one) for one in lines) + "\n")
    return tmp_path / "root"
