"""Mesh cases on disk, imported once and read piece by piece while training."""

import copy
import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.case_files import CaseFile, find_cases
from graphformers.physics.field_columns import field_columns, fields_by_name
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import SPLITS
from graphformers.physics.reading import read_case
from graphformers.physics.splits import Split
from graphformers.physics.store_writer import ARRAY_NAMES, FORMAT_VERSION, StoreIndex, write_store
from graphformers.physics.wall import Wall
from graphformers.physics.zarr_arrays import array_of, open_arrays

Track = Callable[[Sequence[CaseFile]], Iterable[CaseFile]]  # passes cases on, showing progress


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredCase:
    """What the store keeps of one case."""

    name: str
    points: Float[np.ndarray, "points space"]
    features: Float[np.ndarray, "points features"]
    fields: dict[str, Float[np.ndarray, "points components"]]
    boundaries: dict[str, Bool[np.ndarray, " points"]]
    edges: Int[np.ndarray, "2 edges"]
    wall: Wall
    parameters: dict[str, float]
    results: dict[str, float]
    split: str | None
    path: Path | None


class MeshStore:
    """A ``GraphSource`` of mesh cases in a zarr folder.

    The arrays of all cases stand one after the other; ``select`` reads only the pieces it needs,
    ``sample`` only as many rows as points are asked for.
    ``x`` of a graph are the wall features (``feature_names``), ``target`` the fields beside each
    other (``field_columns`` says where each is), ``conditions`` the parameters in the order of
    ``parameter_names``. Every undirected edge stands once, larger point number as source. Nothing
    is normalised.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        group = open_arrays(self.path)
        self.index = StoreIndex.from_json(str(group.attrs["index"]))
        self._arrays = {name: array_of(group, name) for name in ARRAY_NAMES if name in group}

    @classmethod
    def write(
        cls,
        cases: Iterable[MeshCase],
        path: str | Path,
        *,
        fields: Sequence[str] | None = None,
        parameters: Sequence[str] | None = None,
    ) -> "MeshStore":
        """Write cases to a new store, replacing one that is there only when all is written.

        ``fields`` and ``parameters`` None take what the first case has. Raises ``DataError`` when
        the cases do not go together: 2-D and 3-D mixed, a field or parameter missing, other units.
        """
        write_store(cases, Path(path), fields=fields, parameters=parameters)
        return cls(path)

    @classmethod
    def import_cases(
        cls,
        source: str | Path | Sequence[str | Path],
        options: ReadOptions | None = None,
        *,
        folder: str | Path | None = None,
        track: Track | None = None,
    ) -> "MeshStore":
        """The store of these files, written on the first call and opened on later ones.

        It lies in ``folder`` (default: ``default_folder()``) under a name made of the files' paths,
        sizes, times of change and the options, so a changed file or option is imported anew. A
        source that is a store already is opened.
        """
        sources = [source] if isinstance(source, str | Path) else list(source)
        if len(sources) == 1 and is_mesh_store(sources[0]):
            return cls(sources[0])
        chosen = options or ReadOptions()
        files = find_cases(source)
        path = Path(folder or default_folder()) / f"{fingerprint(files, chosen.as_document())}.zarr"
        if not path.is_dir():
            cases = (read_case(file, chosen) for file in (track(files) if track else files))
            write_store(cases, path, fields=chosen.fields, parameters=chosen.parameters)
        return cls(path)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Case names."""
        return tuple(self.index.names)

    @property
    def space(self) -> int:
        """Space dimension of all cases, 2 or 3."""
        return self.index.space

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns of ``x``; see ``graphformers.physics.wall.node_features``."""
        return tuple(self.index.feature_names)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Columns of ``conditions``."""
        return tuple(self.index.parameter_names)

    @property
    def field_names(self) -> tuple[str, ...]:
        """Fields in the order they stand in ``target``."""
        return tuple(self.index.field_components)

    @property
    def field_columns(self) -> dict[str, slice]:
        """Columns of ``target`` which belong to each field."""
        return field_columns(self.index.field_components)

    @property
    def units(self) -> dict[str, str]:
        """Unit of every field that states one."""
        return dict(self.index.units)

    @property
    def is_shuffled(self) -> bool:
        """Whether ``sample`` works: nodes stand in a random order since format 2."""
        return "order" in self._arrays

    def size(self, number: int) -> int:
        """Points of one case."""
        rows = self._rows("node_ptr", number)
        return rows.stop - rows.start

    def indices(self, split: str) -> list[int]:
        """Cases whose split is this one ("train", "val" or "test")."""
        return [number for number, one in enumerate(self.index.splits) if one == split]

    def divided(self, split: Split) -> "MeshStore":
        """The same cases, each in its part of this split and in no other.

        Raises ``DataError`` for a case of the split that is not here.
        """
        split.indices(self.names)
        parts = split.parts
        divided = copy.copy(self)
        splits = [parts.get(name) for name in self.names]
        divided.index = dataclasses.replace(self.index, splits=splits)
        return divided

    @property
    def split(self) -> Split:
        """Which cases are in which part."""
        names = {part: tuple(self.names[one] for one in self.indices(part)) for part in SPLITS}
        return Split(**names)

    def select(self, graphs: Int[Tensor, " selected"] | Sequence[int]) -> GraphBatch:
        """The given cases as one batch, in the given order."""
        numbers = [int(number) for number in graphs]
        nodes = [self._rows("node_ptr", number) for number in numbers]
        edges = [self._rows("edge_ptr", number) for number in numbers]
        sizes = [rows.stop - rows.start for rows in nodes]
        ptr = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        shifted = [
            self._read("edges", rows).astype(np.int64) + start
            for rows, start in zip(edges, ptr[:-1], strict=True)
        ]
        conditions = self.conditions(numbers).float()
        target = self._nodes("fields", nodes) if self.field_names else None
        return GraphBatch(
            x=self._nodes("features", nodes),
            positions=self._nodes("points", nodes),
            edge_index=torch.from_numpy(np.concatenate([np.zeros((0, 2), np.int64), *shifted]).T),
            ptr=torch.from_numpy(ptr),
            conditions=conditions if self.parameter_names else None,
            target=target,
            target_per_node=target is not None,
        )

    def sample(self, number: int, points: int, *, seed: int) -> GraphBatch:
        """A random sample of the points of one case, without edges.

        Reads a run of ``points`` rows, all if the case has fewer: the nodes of a case are stored in
        a random order. Raises ``DataError`` for a store of format 1, where they are not.
        """
        if not self.is_shuffled:
            raise DataError(f"{self.path} is of format 1: import its cases again to draw samples")
        rows = self._rows("node_ptr", number)
        count = min(points, self.size(number))
        spare = self.size(number) - count
        start = rows.start + int(np.random.default_rng(seed).integers(spare + 1))
        run = slice(start, start + count)
        target = self._rows_of("fields", run) if self.field_names else None
        return GraphBatch(
            x=self._rows_of("features", run),
            positions=self._rows_of("points", run),
            edge_index=torch.zeros((2, 0), dtype=torch.int64),
            ptr=torch.tensor([0, count]),
            conditions=self.conditions([number]).float() if self.parameter_names else None,
            target=target,
            target_per_node=target is not None,
        )

    def conditions(self, cases: Sequence[int]) -> Float[Tensor, "graphs parameters"]:
        """The parameters of some cases in double precision, ordered as ``parameter_names``."""
        rows = [
            [self.index.parameters[number][name] for name in self.parameter_names]
            for number in cases
        ]
        shape = (len(rows), len(self.parameter_names))
        return torch.tensor(rows, dtype=torch.float64).reshape(shape)

    def wall(self, number: int) -> Wall:
        """The wall of one case, with all points of its mesh."""
        facets = self._read("wall_facets", self._rows("facet_ptr", number)).T.astype(np.int64)
        points = self._in_order("points", self._rows("node_ptr", number))
        return Wall(points=points, facets=facets)

    def load(self, number: int) -> StoredCase:
        """One case with its arrays by name."""
        nodes = self._rows("node_ptr", number)
        wall = self.wall(number)
        fields = self._in_order("fields", nodes)
        tags = self._in_order("tags", nodes).astype(bool)
        path = self.index.paths[number]
        return StoredCase(
            name=self.names[number],
            points=wall.points,
            features=self._in_order("features", nodes),
            fields=fields_by_name(fields, self.index.field_components),
            boundaries=dict(zip(self.index.tag_names, tags.T, strict=True)),
            edges=self._read("edges", self._rows("edge_ptr", number)).T.astype(np.int64),
            wall=wall,
            parameters=dict(self.index.parameters[number]),
            results=dict(self.index.results[number]),
            split=self.index.splits[number],
            path=Path(path) if path else None,
        )

    def _rows(self, pointer: str, number: int) -> slice:
        starts: list[int] = getattr(self.index, pointer)
        if not -len(self) <= number < len(self):
            raise IndexError(f"the store holds cases 0 to {len(self) - 1}; got {number}")
        number %= len(self)
        return slice(starts[number], starts[number + 1])

    def _read(self, name: str, rows: slice) -> np.ndarray:
        return np.asarray(self._arrays[name][rows])

    def _in_order(self, name: str, nodes: slice) -> np.ndarray:
        """Rows of a case in the order of its mesh, which format 1 stored them in."""
        rows = self._read(name, nodes)
        if not self.is_shuffled:
            return rows
        ordered = np.empty_like(rows)
        ordered[self._read("order", nodes)[:, 0]] = rows
        return ordered

    def _nodes(self, name: str, pieces: Sequence[slice]) -> Float[Tensor, "nodes columns"]:
        parts = [self._in_order(name, rows) for rows in pieces] or [self._read(name, slice(0, 0))]
        return torch.from_numpy(np.concatenate(parts).astype(np.float32))

    def _rows_of(self, name: str, rows: slice) -> Float[Tensor, "nodes columns"]:
        return torch.from_numpy(self._read(name, rows).astype(np.float32))


def is_mesh_store(path: str | Path) -> bool:
    """A folder that ``MeshStore.write`` made."""
    return (Path(path) / "features").is_dir() and (Path(path) / "wall_facets").is_dir()


def default_folder() -> Path:
    """Where imported meshes are kept: ``$GRAPHFORMERS_CACHE/meshes``, else in the user's cache."""
    cache = os.environ.get("GRAPHFORMERS_CACHE") or "~/.cache/graphformers"
    return Path(cache).expanduser() / "meshes"


def fingerprint(files: Sequence[CaseFile], options: Mapping[str, object]) -> str:
    """Hash of all that decides what is imported: options, and the state of every file."""
    document = {
        "format_version": FORMAT_VERSION,
        "options": options,
        "cases": [
            [case.name, case.split, sorted(case.numbers.items()), _states(case.path)]
            for case in files
        ],
    }
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()[:32]


def _states(path: Path) -> list[tuple[str, int, int]]:
    """Path, size and time of change of a file, or of every file in a folder."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{path}: the folder is empty")
    states = [(str(one.resolve()), one.stat()) for one in files]
    return [(name, state.st_size, state.st_mtime_ns) for name, state in states]
