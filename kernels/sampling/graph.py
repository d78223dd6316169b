"""A large graph as compressed rows, in memory or in files larger than memory."""

import json
import shutil
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import DataError, ShapeError
from graphformers.files import write_json
from graphformers.kernels.grouping.op import group

Direction: TypeAlias = Literal["in", "out"]

_FORMAT_VERSION = 1
_DESCRIPTION = "graph.json"
_ARRAYS = ("indptr", "indices", "edge", "weights", "edge_time")


@dataclass(frozen=True, eq=False, kw_only=True)
class CSRGraph:
    """Neighbors of every node: those of node ``i`` are ``indices[indptr[i] : indptr[i + 1]]``.

    With direction ``"in"`` they are the sources of the edges into ``i``; with ``"out"`` the targets
    of the edges that leave it. ``edge`` says which of the caller's edges stands at every position
    (none: the positions are the edge numbers); ``weights`` and ``edge_time`` follow the positions.
    ``num_neighbors`` is the number of nodes ``indices`` may name, where it is not the number of
    rows.

    The constructor looks at shapes and dtypes. The numbers are looked at by whoever visits a row,
    so that a graph larger than memory costs only what is visited.
    """

    indptr: Int[Tensor, " nodes_plus_1"]
    indices: Int[Tensor, " edges"]
    direction: Direction = "in"
    num_neighbors: int | None = None
    edge: Int[Tensor, " edges"] | None = None
    weights: Float[Tensor, " edges"] | None = None
    edge_time: Int[Tensor, " edges"] | None = None
    _folder: Path | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.direction not in ("in", "out"):
            raise ShapeError(f"direction must be 'in' or 'out'; got {self.direction!r}")
        whole, real = (torch.int64,), (torch.float32, torch.float64)
        check_axis("indptr", self.indptr, whole)
        check_axis("indices", self.indices, (torch.int32, torch.int64))
        if self.indptr.shape[0] == 0:
            raise ShapeError("indptr must have an entry for every row and one more; got none")
        for name, dtypes in (("edge", whole), ("weights", real), ("edge_time", whole)):
            tensor = getattr(self, name)
            if tensor is not None:
                check_axis(name, tensor, dtypes, self.num_edges)

    @property
    def num_nodes(self) -> int:
        """Number of rows."""
        return self.indptr.shape[0] - 1

    @property
    def neighbor_bound(self) -> int:
        """Number of nodes that can be somebody's neighbor."""
        return self.num_nodes if self.num_neighbors is None else self.num_neighbors

    @property
    def num_edges(self) -> int:
        """Number of edges, duplicates counted."""
        return self.indices.shape[0]

    @staticmethod
    def from_edge_index(
        edge_index: Int[Tensor, "2 edges"],
        num_nodes: int,
        *,
        num_neighbors: int | None = None,
        direction: Direction = "in",
    ) -> "CSRGraph":
        """Group edges (source, target) by the end that gets the rows, in the caller's order.

        The rows are the targets for ``"in"``, the sources for ``"out"``. The result takes 16 bytes
        per edge, and nothing is needed beside it. Graphs of 2^31 edges and more come as rows.
        """
        if edge_index.ndim != 2 or edge_index.shape[0] != 2:
            raise ShapeError(f"edge_index must be (2, edges); got {tuple(edge_index.shape)}")
        source, target = edge_index
        rows, neighbors = (target, source) if direction == "in" else (source, target)
        indptr, edge = group(rows.to(torch.int64), num_nodes)
        return CSRGraph(
            indptr=indptr,
            indices=neighbors.index_select(0, edge),
            direction=direction,
            num_neighbors=num_neighbors,
            edge=edge,
        )

    def transposed(self) -> "CSRGraph":
        """The same edges with rows for their other ends; ``edge`` keeps the caller's numbers."""
        indptr, order = group(self.indices.to(torch.int64), self.neighbor_bound)
        nodes = torch.arange(self.num_nodes).repeat_interleave(self.indptr.diff())

        def moved(values: Tensor | None) -> Tensor | None:
            return None if values is None else values.index_select(0, order)

        return CSRGraph(
            indptr=indptr,
            indices=nodes.index_select(0, order),
            direction="out" if self.direction == "in" else "in",
            num_neighbors=self.num_nodes,
            edge=order if self.edge is None else moved(self.edge),
            weights=moved(self.weights),
            edge_time=moved(self.edge_time),
        )

    def save(self, folder: str | Path) -> None:
        """Write one ``.npy`` file per tensor and a description; the folder appears when complete.

        Raises ``DataError`` if there is such a folder already.
        """
        folder = Path(folder)
        if folder.exists():
            raise DataError(f"{folder} exists; remove it or choose another folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        written = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name in _ARRAYS:
                if getattr(self, name) is not None:
                    np.save(written / f"{name}.npy", getattr(self, name).numpy())
            description = {"format_version": _FORMAT_VERSION, "direction": self.direction}
            write_json(written / _DESCRIPTION, {**description, "num_neighbors": self.num_neighbors})
            written.rename(folder)
        finally:
            shutil.rmtree(written, ignore_errors=True)

    @staticmethod
    def open(folder: str | Path) -> "CSRGraph":
        """The graph in a folder, its arrays left in their files until somebody looks at them.

        The tensors must not be written to. Sent to another process, the graph is opened there
        again. Raises ``DataError`` for a folder ``save`` did not write.
        """
        folder = Path(folder)
        try:
            description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
            version = description["format_version"]
            arrays = {n: map_array(p) for n in _ARRAYS if (p := folder / f"{n}.npy").exists()}
            if version == _FORMAT_VERSION:
                direction, bound = description["direction"], description["num_neighbors"]
                graph = CSRGraph(direction=direction, num_neighbors=bound, **arrays)
                object.__setattr__(graph, "_folder", folder.resolve())
                return graph
        except (OSError, KeyError, TypeError, ValueError) as problem:
            raise DataError(f"{folder} does not hold a graph: {problem}") from problem
        raise DataError(f"{folder} has format {version}; this version reads {_FORMAT_VERSION}")

    def __getstate__(self) -> dict[str, object]:
        return vars(self) if self._folder is None else {"_folder": self._folder}

    def __setstate__(self, state: dict[str, object]) -> None:
        folder = state.get("_folder")
        vars(self).update(state if folder is None else vars(CSRGraph.open(str(folder))))


def map_array(path: str | Path) -> Tensor:
    """A tensor over a ``.npy`` file, which reads the pages somebody looks at and no others.

    It must not be written to.
    """
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable.*")
        return torch.from_numpy(array)


def check_axis(
    name: str, tensor: Tensor, dtypes: tuple[torch.dtype, ...], entries: int | None = None
) -> None:
    """One contiguous axis of a known type in the memory kernels on the CPU can reach."""
    if tensor.ndim != 1 or tensor.dtype not in dtypes:
        allowed = " or ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)
        shape = tuple(tensor.shape)
        raise ShapeError(f"{name} must be one axis of {allowed}; got {tensor.dtype} {shape}")
    if tensor.device.type != "cpu":
        raise ShapeError(
            f"{name} must be on the CPU, where graphs are sampled; got {tensor.device}"
        )
    if not tensor.is_contiguous():
        raise ShapeError(f"{name} must be contiguous; got stride {tensor.stride()}")
    if entries is not None and tensor.shape[0] != entries:
        raise ShapeError(f"{name} must have {entries} entries; got {tensor.shape[0]}")
