"""XDMF: an XML file that says where meshes and fields lie in HDF5 files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError
from xml.etree.ElementTree import parse as parse_xml

import h5py
import numpy as np
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.hdf5 import dataset
from graphformers.physics.readers.point_fields import field_names, point_fields, wanted_names
from graphformers.physics.readers.reader import OpenedMesh, OpenedSeries, PointFields, Reader
from graphformers.physics.readers.steps import ascending, chosen_step
from graphformers.physics.readers.uniform_cells import mesh_of

SUFFIXES = (".xdmf", ".xmf")
CELLS = {
    "triangle": pv.CellType.TRIANGLE,
    "quadrilateral": pv.CellType.QUAD,
    "tetrahedron": pv.CellType.TETRA,
    "hexahedron": pv.CellType.HEXAHEDRON,
    "wedge": pv.CellType.WEDGE,
    "pyramid": pv.CellType.PYRAMID,
}
# Numbers and sizes of the cells in a mixed topology.
MIXED = {
    4: (pv.CellType.TRIANGLE, 3),
    5: (pv.CellType.QUAD, 4),
    6: (pv.CellType.TETRA, 4),
    7: (pv.CellType.PYRAMID, 5),
    8: (pv.CellType.WEDGE, 6),
    9: (pv.CellType.HEXAHEDRON, 8),
}


@dataclass(frozen=True, kw_only=True)
class XdmfFile:
    """The grids of a file. Topology and geometry may stand in the first grid that has them only."""

    path: Path

    def grids(self) -> list[Element]:
        """One grid for every time, in the order of the file."""
        try:
            root = parse_xml(self.path).getroot()
        except ParseError as error:
            raise DataError(f"{self.path}: the XML cannot be read ({error})") from error
        plain = [grid for grid in root.iter("Grid") if grid.get("GridType", "Uniform") == "Uniform"]
        timed = [grid for grid in plain if grid.find("Time") is not None]
        if not plain:
            raise DataError(f"{self.path}: expected a uniform grid; there is none")
        return timed or plain[:1]

    def times(self) -> list[float]:
        """Time of every grid; a file without times has one grid, at zero."""
        times = [grid.find("Time") for grid in self.grids()]
        return [0.0 if time is None else float(time.get("Value", "0")) for time in times]

    def mesh(self) -> pv.UnstructuredGrid:
        """Points and cells, without fields."""
        root = parse_xml(self.path).getroot()
        topology, geometry = root.find(".//Topology"), root.find(".//Geometry")
        if topology is None or geometry is None:
            raise DataError(f"{self.path}: expected a Topology and a Geometry")
        points = self._numbers(geometry)
        kind = (topology.get("TopologyType") or topology.get("Type") or "").lower()
        corners = self._numbers(topology).astype(np.int64)
        if kind == "mixed":
            return _mixed_mesh(points, corners.ravel(), str(self.path))
        if kind not in CELLS:
            raise DataError(f"{self.path}: cells must be {', '.join(CELLS)} or mixed; got {kind!r}")
        return mesh_of(points, corners, CELLS[kind])

    def dataset(self, step: int, fields: tuple[str, ...] | None) -> pv.UnstructuredGrid:
        """The mesh with the fields of one grid; of others only what is no field."""
        mesh = self.mesh()
        found = {
            element.get("Name", ""): element for element in self.grids()[step].iter("Attribute")
        }
        known = fields is not None and set(fields) <= set(found)
        for name, element in found.items():
            if known and name not in (fields or ()) and "type" not in name.lower():
                continue
            values = self._numbers(element)
            values = values.astype(values.dtype.newbyteorder("="))
            center = element.get("Center", "Node")
            data = mesh.cell_data if center == "Cell" else mesh.point_data
            if center not in ("Node", "Cell") or len(values) != (
                mesh.n_cells if center == "Cell" else mesh.n_points
            ):
                raise DataError(
                    f"{self.path}: {name!r} must have a value at every point or cell; "
                    f"its center is {center}, its shape {values.shape}"
                )
            data[name] = values
        return mesh

    def _numbers(self, element: Element) -> np.ndarray:
        item = element.find("DataItem")
        if item is None:
            raise DataError(f"{self.path}: a {element.tag} without a DataItem")
        shape = [int(size) for size in item.get("Dimensions", "").split()]
        text = (item.text or "").strip()
        if item.get("Format", "XML") == "XML":
            return np.asarray(text.split(), dtype=np.float64).reshape(shape)
        if item.get("Format") != "HDF":
            raise DataError(f"{self.path}: data must be XML or HDF; got {item.get('Format')!r}")
        name, _, inner = text.partition(":")
        try:
            with h5py.File(self.path.parent / name) as file:
                return np.asarray(dataset(file, inner)).reshape(shape)
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path}: {text} cannot be read ({error})") from error


@dataclass(frozen=True, kw_only=True)
class XdmfSteps:
    """Reads the fields of one grid."""

    file: XdmfFile
    names: tuple[str, ...]

    def __call__(self, step: int) -> PointFields:
        """Fields at the points."""
        return point_fields(self.file.dataset(step, self.names), self.names, str(self.file.path))


def _mixed_mesh(points: np.ndarray, numbers: np.ndarray, where: str) -> pv.UnstructuredGrid:
    cells, kinds = [], []
    for kind, corners in _mixed_stream(numbers, where):
        cells += [len(corners), *corners.tolist()]
        kinds.append(int(kind))
    space = np.pad(points, ((0, 0), (0, 3 - points.shape[1]))).astype(np.float64)
    return pv.UnstructuredGrid(np.asarray(cells), np.asarray(kinds, dtype=np.uint8), space)


def _mixed_stream(numbers: np.ndarray, where: str) -> Iterator[tuple[pv.CellType, np.ndarray]]:
    position = 0
    while position < len(numbers):
        if numbers[position] not in MIXED:
            raise DataError(f"{where}: a mixed topology has cells of kind {numbers[position]}")
        kind, size = MIXED[int(numbers[position])]
        yield kind, numbers[position + 1 : position + 1 + size]
        position += 1 + size


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    xdmf = XdmfFile(path=file.path)
    step = chosen_step(xdmf.times(), options.time, file.where)
    return OpenedMesh(dataset=xdmf.dataset(step, options.wanted))


def _open_series(file: CaseFile, options: ReadOptions) -> OpenedSeries:
    xdmf = XdmfFile(path=file.path)
    times = xdmf.times()
    if len(times) < 2:
        raise DataError(f"{file.where}: expected a solution over time; it holds one time only")
    first = xdmf.dataset(0, options.wanted)
    names = tuple(
        wanted_names(
            field_names(first), options.wanted, file.where, skip_missing=options.skip_missing
        )
    )
    return OpenedSeries(
        mesh=OpenedMesh(dataset=first),
        times=ascending(times, file.where),
        field_names=names,
        read_step=XdmfSteps(file=xdmf, names=names),
    )


XDMF = Reader(
    name="XDMF file",
    expects=", ".join(SUFFIXES),
    recognises=lambda path: path.suffix.lower() in SUFFIXES and not path.is_dir(),
    read=_read,
    open_series=_open_series,
)
