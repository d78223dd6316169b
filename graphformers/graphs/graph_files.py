"""Reading one graph from a file: graph6, a list of edges, GraphML, arrays."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import networkx
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch_geometric.data import Data

from graphformers.errors import DataError

FIELDS = ("x", "edge_index", "edge_attr", "pos", "y")
NODES_SUFFIX = ".nodes.csv"


def read_graph(path: Path) -> Data:
    """One graph; the ending of the file says how it is written.

    ``.g6``: graph6, both directions of every edge. ``.graphml``: GraphML, both directions of the
    edges of an undirected graph, attributes as features. ``.csv``: a header, then ``source,target``
    and features of one directed edge per row; ``<name>.nodes.csv`` beside it holds the features of
    one node per row, and says how many nodes there are. ``.npz`` and ``.safetensors``: arrays
    ``x``, ``edge_index``, ``edge_attr``, ``pos`` and ``y`` as in torch-geometric's ``Data``.
    Nothing in a file is executed. Raises ``DataError`` naming the file.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: a graph must be one of {', '.join(READERS)}")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        return reader(path)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, SafetensorError, networkx.NetworkXException) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    except SyntaxError as error:  # what the XML parser raises
        raise DataError(f"{path}: not well-formed XML: {error}") from error


def _read_graph6(path: Path) -> Data:
    lines = path.read_bytes().split()
    if len(lines) != 1:
        raise DataError(f"expected one graph6 line; got {len(lines)}")
    return _from_networkx(networkx.from_graph6_bytes(lines[0].removeprefix(b">>graph6<<")))


def _read_graphml(path: Path) -> Data:
    return _from_networkx(networkx.read_graphml(path))


def _from_networkx(graph: networkx.Graph) -> Data:
    number = {node: place for place, node in enumerate(graph.nodes)}
    joined = [(number[one], number[other], data) for one, other, data in graph.edges(data=True)]
    if not graph.is_directed():
        joined += [(other, one, data) for one, other, data in joined if one != other]
    edge_index = torch.tensor([one[:2] for one in joined], dtype=torch.int64).reshape(-1, 2).T
    return Data(
        x=_attributes([values for _, values in graph.nodes(data=True)], "node"),
        edge_index=edge_index.contiguous(),
        edge_attr=_attributes([values for _, _, values in joined], "edge"),
        num_nodes=len(number),
    )


def _attributes(rows: list[Mapping[str, object]], what: str) -> Tensor | None:
    """Attributes as columns, in the order of their names."""
    names = sorted({name for row in rows for name in row} - {"id"})
    if not names:
        return None
    table = []
    for row in rows:
        values = [row.get(name) for name in names]
        for name, value in zip(names, values, strict=True):
            if not isinstance(value, (bool, int, float)):
                raise DataError(
                    f"attribute {name!r} must be a number at every {what}; got {value!r}. "
                    "Write categories as whole numbers"
                )
        table.append(values)
    return torch.tensor(table)


def _read_edges(path: Path) -> Data:
    edges = _numbers(path)
    if edges.shape[1] < 2:
        raise DataError(f"a list of edges has columns source and target; got {edges.shape[1]}")
    ends = edges[:, :2]
    if not (ends == ends.round()).all():
        raise DataError("source and target must be whole numbers, counted from 0")
    nodes = path.with_name(path.name[: -len(path.suffix)] + NODES_SUFFIX)
    x = _numbers(nodes) if nodes.is_file() else None
    return Data(
        x=None if x is None or x.shape[1] == 0 else _typed(x),
        edge_index=torch.from_numpy(ends.astype(np.int64).T.copy()),
        edge_attr=_typed(edges[:, 2:]) if edges.shape[1] > 2 else None,
        num_nodes=(int(ends.max(initial=-1)) + 1) if x is None else len(x),
    )


def _numbers(path: Path) -> np.ndarray:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    filled = [row for row in rows if row]
    for number, row in enumerate(filled):
        if len(row) != len(header):
            raise DataError(
                f"{path.name}: row {number + 1} has {len(row)} cells, its header {len(header)}"
            )
    return np.array(filled, dtype=np.float64).reshape(len(filled), len(header))


def _typed(values: np.ndarray) -> Tensor:
    """Whole numbers as categories."""
    found = torch.from_numpy(values)
    return found.long() if bool((found == found.round()).all()) else found.float()


def _read_npz(path: Path) -> Data:
    with np.load(path, allow_pickle=False) as arrays:
        return _from_arrays({name: torch.from_numpy(arrays[name]) for name in arrays.files})


def _read_safetensors(path: Path) -> Data:
    return _from_arrays(load_file(path))


def _from_arrays(arrays: Mapping[str, Tensor]) -> Data:
    unknown = sorted(set(arrays) - {*FIELDS, "num_nodes"})
    if unknown or ("x" not in arrays and "num_nodes" not in arrays):
        raise DataError(
            f"the arrays must be x (or num_nodes) and any of {', '.join(FIELDS[1:])}; "
            f"got {', '.join(sorted(arrays)) or 'none'}"
        )
    size = len(arrays["x"]) if "x" in arrays else int(arrays["num_nodes"])
    return Data(**{name: arrays.get(name) for name in FIELDS}, num_nodes=size)


READERS: Mapping[str, Callable[[Path], Data]] = {
    ".g6": _read_graph6,
    ".csv": _read_edges,
    ".graphml": _read_graphml,
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
}
