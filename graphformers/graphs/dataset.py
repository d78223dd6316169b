"""torch-geometric's data sets of graphs by name."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch_geometric.data import Data, InMemoryDataset
from torch_geometric.datasets import (
    ZINC,
    GNNBenchmarkDataset,
    LRGBDataset,
    MalNetTiny,
    TUDataset,
)
from torch_geometric.transforms import LocalDegreeProfile

from graphformers.errors import DataError
from graphformers.graphs.from_data import from_data
from graphformers.graphs.graph_set import GraphSet
from graphformers.tasks import Split

Load = Callable[[str, str], Sequence[Data]]
"""The graphs of one part, from the root folder and the name of the part."""

PARTS = ("train", "val", "test")
UNUSABLE = (OSError, RuntimeError, ValueError, ImportError, EOFError, LookupError, BadZipFile)
"""What a missing, damaged or unknown set raises while it is loaded."""


def load_dataset(name: str, root: str | Path) -> GraphSet:
    """A data set of torch-geometric from its folder on disk, downloaded if it is not there.

    Known by name, with the parts they come in: ZINC, ZINC-full, the GNN benchmarks (PATTERN,
    CLUSTER, MNIST, CIFAR10), the long-range benchmarks (Peptides-func, Peptides-struct,
    PascalVOC-SP, COCO-SP) and MalNetTiny; any other name is one of the TU collection, without
    parts. Superpixels read their positions too, MalNet's nodes their degree profile.
    torch-geometric keeps processed sets as pickles, which can execute: name folders you trust.

    Raises ``DataError`` when the set is neither there nor can be downloaded.
    """
    parts = _loaded(name, str(root))
    items = [_cleaned(one) for part in parts for one in part]
    names = [f"{name} {number}" for number in range(len(items))]
    if len(parts) == 1:
        return from_data(items, names=names)
    sizes = np.cumsum([0, *(len(part) for part in parts)])
    train, validation, test = (np.arange(*ends) for ends in pairwise(sizes))
    split = Split.of(train=train, validation=validation, test=test)
    return from_data(items, names=names, split=split)


def _loaded(name: str, root: str) -> list[Sequence[Data]]:
    """The parts of a set, or all of it."""
    load = KNOWN.get(name.lower())
    try:
        if load is not None:
            return [load(root, part) for part in PARTS]
        return [_items(TUDataset(root, name, use_node_attr=True, use_edge_attr=True))]
    except UNUSABLE as error:
        raise DataError(
            f"the data set {name!r} is not ready in {root} and could not be made ready: {error}. "
            f"Put its files there as torch-geometric lays them out, or check the name (known: "
            f"{', '.join(KNOWN)}, and those of the TU collection)"
        ) from error


def _cleaned(item: Data) -> Data:
    return Data(
        x=item.x,
        edge_index=item.edge_index,
        edge_attr=item.edge_attr,
        pos=item.pos,
        y=item.y,
        num_nodes=item.num_nodes,
    )


def _benchmark(name: str) -> Load:
    def load(root: str, part: str) -> Sequence[Data]:
        return _items(GNNBenchmarkDataset(root, name, split=part))

    return load


def _superpixels(name: str) -> Load:
    """Positions stand beside the colours, as the published models read them."""

    def load(root: str, part: str) -> Sequence[Data]:
        items = _items(GNNBenchmarkDataset(root, name, split=part))
        for item in items:
            item.x = torch.cat([item.x, item.pos], dim=1)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return items

    return load


def _long_range(name: str) -> Load:
    return lambda root, part: _items(LRGBDataset(root, name, split=part))


def _zinc(subset: bool) -> Load:
    return lambda root, part: _items(ZINC(root, subset=subset, split=part))


def _malnet(root: str, part: str) -> Sequence[Data]:
    degrees = LocalDegreeProfile()
    return [degrees(one) for one in _items(MalNetTiny(root, split=part))]


def _items(dataset: InMemoryDataset) -> list[Data]:
    return [dataset[number] for number in range(len(dataset))]  # pyright: ignore[reportReturnType]


KNOWN: Mapping[str, Load] = {
    "zinc": _zinc(True),
    "zinc-full": _zinc(False),
    "pattern": _benchmark("PATTERN"),
    "cluster": _benchmark("CLUSTER"),
    "mnist": _superpixels("MNIST"),
    "cifar10": _superpixels("CIFAR10"),
    "peptides-func": _long_range("Peptides-func"),
    "peptides-struct": _long_range("Peptides-struct"),
    "pascalvoc-sp": _long_range("PascalVOC-SP"),
    "coco-sp": _long_range("COCO-SP"),
    "malnettiny": _malnet,
}
