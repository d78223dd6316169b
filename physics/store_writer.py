"""Writing mesh cases into a zarr folder: all of them, or nothing."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int

from graphformers.errors import DataError
from graphformers.files import replacing_folder
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.zarr_arrays import RowWriter, check_format

FORMAT_VERSION = 2  # 1 had the nodes of a case in the order of its file
ARRAY_NAMES = ("order", "points", "features", "fields", "tags", "edges", "wall_facets")


@dataclass(kw_only=True)
class StoreIndex:
    """Everything about the cases that is not a large array; kept as JSON in the store.

    Nodes of a case stand in a random order, so that any run of rows is a random sample of them;
    ``order`` says which node of the mesh a row is. Edges and facets number the nodes of the mesh.
    ``node_ptr``, ``edge_ptr`` and ``facet_ptr`` hold the first row of every case, and the number of
    rows, in the arrays of nodes, edges and wall facets.
    """

    space: int
    field_components: dict[str, int]
    feature_names: list[str]
    parameter_names: list[str]
    tag_names: list[str]
    units: dict[str, str]
    input_names: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    splits: list[str | None] = field(default_factory=list)
    paths: list[str | None] = field(default_factory=list)
    parts: list[str | None] = field(default_factory=list)  # earlier versions did not keep them
    parameters: list[dict[str, float]] = field(default_factory=list)
    results: list[dict[str, float]] = field(default_factory=list)
    node_ptr: list[int] = field(default_factory=lambda: [0])
    edge_ptr: list[int] = field(default_factory=lambda: [0])
    facet_ptr: list[int] = field(default_factory=lambda: [0])
    format_version: int = FORMAT_VERSION

    @classmethod
    def of_first_case(
        cls, case: MeshCase, fields: Sequence[str] | None, parameters: Sequence[str] | None
    ) -> "StoreIndex":
        """What all later cases have to agree with."""
        names = list(case.fields) if fields is None else list(fields)
        return cls(
            space=case.space,
            field_components={name: case.stacked_fields([name]).shape[1] for name in names},
            feature_names=list(case.feature_names),
            parameter_names=list(case.parameters if parameters is None else parameters),
            tag_names=list(case.boundaries),
            units={name: unit for name, unit in case.units.items() if name in names},
            input_names=list(case.inputs),
        )

    @classmethod
    def from_json(cls, text: str) -> "StoreIndex":
        """Raises ``DataError`` for a store of a newer version."""
        document = json.loads(text)
        check_format(document["format_version"], FORMAT_VERSION)
        return cls(**document)

    def to_json(self) -> str:
        """The index as one JSON text."""
        return json.dumps(asdict(self))

    def add(self, case: MeshCase) -> None:
        """Note one more case after checking that it goes with the others."""
        self._check(case)
        values = case.parameter_values(self.parameter_names)
        self.names.append(case.name)
        self.splits.append(case.split)
        self.paths.append(str(case.path) if case.path else None)
        self.parts.append(case.part)
        self.parameters.append(dict(zip(self.parameter_names, values.tolist(), strict=True)))
        self.results.append(dict(case.results))
        self.node_ptr.append(self.node_ptr[-1] + case.num_points)
        self.edge_ptr.append(self.edge_ptr[-1] + case.edges.shape[1])
        self.facet_ptr.append(self.facet_ptr[-1] + case.wall.facets.shape[1])

    def _check(self, case: MeshCase) -> None:
        if case.space != self.space:
            raise DataError(
                f"2-D and 3-D cases cannot be mixed; {self.names[0]!r} is {self.space}-D, "
                f"{case.name!r} is {case.space}-D"
            )
        if case.name in self.names:
            raise DataError(f"every case needs a name of its own; {case.name!r} is used twice")
        if list(case.feature_names) != self.feature_names:
            raise DataError(
                f"every case must be given {', '.join(self.feature_names)}, as {self.names[0]!r}; "
                f"{case.name!r} has {', '.join(case.feature_names)}"
            )
        for name, components in self.field_components.items():
            found = case.stacked_fields([name]).shape[1]
            if found != components:
                raise DataError(
                    f"field {name!r} must have {components} components, as in {self.names[0]!r}; "
                    f"in {case.name!r} it has {found}"
                )
            unit = case.units.get(name)
            if unit and self.units.setdefault(name, unit) != unit:
                raise DataError(
                    f"field {name!r} must have one unit; it is {self.units[name]} in "
                    f"{self.names[0]!r} and {unit} in {case.name!r}"
                )


def write_store(
    cases: Iterable[MeshCase],
    path: Path,
    *,
    fields: Sequence[str] | None,
    parameters: Sequence[str] | None,
) -> None:
    """Write all cases; an interruption leaves a store that was there before."""
    with replacing_folder(path) as temporary:
        writer, index = RowWriter(temporary), None
        for case in cases:
            index = index or StoreIndex.of_first_case(case, fields, parameters)
            index.add(case)
            _append_case(writer, case, index)
        if index is None:
            raise DataError("a mesh store needs at least one case")
        writer.finish(index.to_json())


def _append_case(writer: RowWriter, case: MeshCase, index: StoreIndex) -> None:
    fields = [np.zeros((case.num_points, 0))]
    fields += [case.fields[name] for name in index.field_components]
    none = np.zeros(case.num_points, dtype=bool)
    tags = [case.boundaries.get(name, none) for name in index.tag_names]
    order = shuffled(case.num_points, len(index.names))
    rows = (
        order[:, None].astype(np.int32),
        case.points[order].astype(np.float64),
        case.features[order].astype(np.float32),
        np.concatenate(fields, axis=1)[order].astype(np.float32),
        (np.stack(tags, axis=1) if tags else none[:, None][:, :0])[order].astype(np.uint8),
        np.ascontiguousarray(case.edges.T, dtype=np.int32),
        np.ascontiguousarray(case.wall.facets.T, dtype=np.int32),
    )
    for name, values in zip(ARRAY_NAMES, rows, strict=True):
        writer.append(name, values)


def shuffled(count: int, seed: int) -> Int[np.ndarray, " nodes"]:
    """Numbers below ``count`` in an order that is random, and the same for the same seed."""
    return np.random.default_rng(seed).permutation(count)
