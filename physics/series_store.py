"""Solutions over time on disk: every step is one graph, whose target is the step after."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import DataError
from graphformers.files import replacing_folder
from graphformers.graph_batch import GraphBatch
from graphformers.physics.mesh_series import FixedMesh, MeshSeries
from graphformers.physics.zarr_arrays import (
    RowWriter,
    array_of,
    check_format,
    open_arrays,
)

FORMAT_VERSION = 1
TIME = "time"
MESHES_KEPT = 16  # of the series read last: their steps come in any order
ARRAY_NAMES = ("points", "node_types", "edges", "states")


@dataclass(kw_only=True)
class SeriesIndex:
    """Everything about the series that is not a large array; kept as JSON in the store.

    ``node_ptr``, ``edge_ptr`` and ``state_ptr`` hold the first row of every series, and the number
    of rows, in the arrays of points, edges and states.
    """

    space: int
    field_components: dict[str, int]
    parameter_names: list[str]
    units: dict[str, str]
    names: list[str] = field(default_factory=list)
    splits: list[str | None] = field(default_factory=list)
    parameters: list[dict[str, float]] = field(default_factory=list)
    times: list[list[float]] = field(default_factory=list)
    node_ptr: list[int] = field(default_factory=lambda: [0])
    edge_ptr: list[int] = field(default_factory=lambda: [0])
    state_ptr: list[int] = field(default_factory=lambda: [0])
    format_version: int = FORMAT_VERSION

    @classmethod
    def from_json(cls, text: str) -> "SeriesIndex":
        """Raises ``DataError`` for a store of a newer version."""
        document = json.loads(text)
        check_format(document["format_version"], FORMAT_VERSION)
        return cls(**document)

    def add(self, series: MeshSeries) -> None:
        """Note one more series after checking that it goes with the others."""
        mesh = series.mesh
        if mesh.space != self.space:
            raise DataError(
                f"2-D and 3-D series cannot be mixed; {self.names[0]!r} is {self.space}-D, "
                f"{mesh.name!r} is {mesh.space}-D"
            )
        if mesh.name in self.names:
            raise DataError(f"every series needs a name of its own; {mesh.name!r} is used twice")
        if series.num_steps < 2 or not (np.diff(series.times) > 0).all():
            raise DataError(
                f"{mesh.name!r}: a series needs at least two steps at ascending times; "
                f"got {series.num_steps} at {series.times.tolist()[:8]}"
            )
        values = mesh.parameter_values(self.parameter_names)
        self.names.append(mesh.name)
        self.splits.append(mesh.split)
        self.parameters.append(dict(zip(self.parameter_names, values.tolist(), strict=True)))
        self.times.append(series.times.tolist())
        self.node_ptr.append(self.node_ptr[-1] + mesh.num_points)
        self.edge_ptr.append(self.edge_ptr[-1] + mesh.edges.shape[1])
        self.state_ptr.append(self.state_ptr[-1] + mesh.num_points * series.num_steps)


class SeriesStore:
    """A ``GraphSource`` of the steps of several series in a zarr folder.

    Graph ``k`` is a pair of consecutive steps: ``x`` holds the fields of the first beside the kind
    of every node as a one-hot code, ``target`` the fields of the second, ``conditions`` the time of
    the first beside the parameters. ``steps`` says which series and step a graph is. Only the rows
    asked for are read. Nothing is normalised.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        group = open_arrays(self.path)
        self.index = SeriesIndex.from_json(str(group.attrs["index"]))
        self._arrays = {name: array_of(group, name) for name in ARRAY_NAMES}
        self._mesh = lru_cache(maxsize=MESHES_KEPT)(self._read_mesh)
        self.steps = [
            (series, step)
            for series, times in enumerate(self.index.times)
            for step in range(len(times) - 1)
        ]

    @classmethod
    def write(
        cls,
        series: Iterable[MeshSeries],
        path: str | Path,
        *,
        fields: Sequence[str],
        parameters: Sequence[str] | None = None,
    ) -> "SeriesStore":
        """Write series to a new store, one step at a time, replacing one that is there at the end.

        ``parameters`` None takes what the first series has. Raises ``DataError`` when the series do
        not go together, lack a field, or hold numbers that are not finite.
        """
        with replacing_folder(path) as temporary:
            writer, index = RowWriter(temporary), None
            for one in series:
                index = index or _index_of_first(one, fields, parameters)
                index.add(one)
                _append_series(writer, one, index)
            if index is None:
                raise DataError("a store of series needs at least one series")
            writer.finish(json.dumps(asdict(index)))
        return cls(path)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the series."""
        return tuple(self.index.names)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Columns of ``conditions``: the time, then the parameters."""
        return (TIME, *self.index.parameter_names)

    @property
    def components(self) -> int:
        """Columns of ``target``."""
        return sum(self.index.field_components.values())

    def series_with_split(self, split: str | None) -> list[int]:
        """Series whose split is this one ("train", "val", "test", None where none is said)."""
        return [number for number, one in enumerate(self.index.splits) if one == split]

    def graphs_of(self, series: Sequence[int]) -> list[int]:
        """Graphs that are steps of these series."""
        wanted = set(series)
        return [graph for graph, (one, _) in enumerate(self.steps) if one in wanted]

    def state(self, series: int, step: int) -> Float[Tensor, "nodes components"]:
        """All fields of one step beside each other."""
        nodes = self._rows("node_ptr", series)
        count = nodes.stop - nodes.start
        start = self.index.state_ptr[series] + step * count
        return torch.from_numpy(np.asarray(self._arrays["states"][start : start + count]))

    def node_types(self, series: int) -> Int[Tensor, " nodes"]:
        """What every point of a series is; see ``MeshSeries``."""
        return self._mesh(series).kinds.argmax(dim=1)

    def conditions(self, graphs: Sequence[int]) -> Float[Tensor, "graphs conditions"]:
        """Time and parameters of some steps in double precision, ordered as ``parameter_names``."""
        rows = [self._conditions(*self.steps[graph]) for graph in graphs]
        return torch.tensor(rows, dtype=torch.float64)

    def first_graph(self, series: int) -> GraphBatch:
        """The first step of a series."""
        return self.select([self.steps.index((series, 0))])

    def select(self, graphs: Int[Tensor, " selected"] | Sequence[int]) -> GraphBatch:
        """The given steps as one batch, in the given order."""
        return GraphBatch.concatenate([self._graph(*self.steps[int(one)]) for one in graphs])

    def _graph(self, series: int, step: int) -> GraphBatch:
        return self._mesh(series).graph(
            self.state(series, step),
            self._conditions(series, step),
            target=self.state(series, step + 1),
        )

    def _conditions(self, series: int, step: int) -> list[float]:
        return [self.index.times[series][step], *self.index.parameters[series].values()]

    def _read_mesh(self, series: int) -> FixedMesh:
        nodes, edges = self._rows("node_ptr", series), self._rows("edge_ptr", series)
        return FixedMesh.of(
            np.asarray(self._arrays["points"][nodes]),
            np.asarray(self._arrays["edges"][edges]).T,
            np.asarray(self._arrays["node_types"][nodes])[:, 0],
        )

    def _rows(self, pointer: str, series: int) -> slice:
        starts: list[int] = getattr(self.index, pointer)
        return slice(starts[series], starts[series + 1])


def _index_of_first(
    series: MeshSeries, fields: Sequence[str], parameters: Sequence[str] | None
) -> SeriesIndex:
    first = series.read_step(0)
    for name in fields:
        if name not in first:
            raise DataError(
                f"series {series.name!r} has no field {name!r}; it has {', '.join(first) or 'none'}"
            )
    names = series.mesh.parameters if parameters is None else parameters
    return SeriesIndex(
        space=series.mesh.space,
        field_components={name: first[name].shape[1] for name in fields},
        parameter_names=list(names),
        units={name: unit for name, unit in series.mesh.units.items() if name in fields},
    )


def _append_series(writer: RowWriter, series: MeshSeries, index: SeriesIndex) -> None:
    mesh = series.mesh
    writer.append("points", mesh.points.astype(np.float64))
    writer.append("node_types", series.node_types[:, None].astype(np.uint8))
    writer.append("edges", np.ascontiguousarray(mesh.edges.T, dtype=np.int32))
    for step in range(series.num_steps):
        writer.append("states", series.state(step, index.field_components))
