"""CGNS: zones are joined, sections of boundary elements and boundary conditions become tags."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pyvista as pv
from vtkmodules.vtkIOCGNSReader import vtkCGNSReader

from graphformers.physics.readers.hdf5 import dataset, subgroup, subgroups
from graphformers.physics.readers.reader import Reader
from graphformers.physics.readers.solver_output import SolverOutput
from graphformers.physics.readers.tags import WALL

DATA = " data"  # the name HDF5 files of CGNS give to what a node holds, blank included
POINTS = ("PointRange", "PointList")


def _make(path: Path) -> vtkCGNSReader:
    reader = vtkCGNSReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    reader.EnableAllBases()
    reader.EnableAllFamilies()
    reader.EnableAllPointArrays()
    reader.EnableAllCellArrays()
    reader.SetLoadBndPatch(True)
    reader.SetLoadSurfacePatch(True)
    return reader


def _tag_conditions(mesh: pv.DataSet, path: Path) -> None:
    """Tag the boundary conditions that are made of whole sections; those of type wall are walls."""
    if not h5py.is_hdf5(path):
        return  # the older ADF format, of which only the sections are known
    wall = np.zeros(mesh.n_points, dtype=np.uint8)
    with h5py.File(path) as file:
        for zone in _nodes(file, "Zone_t"):
            sections = {
                section: _range(subgroup(section, "ElementRange")) for section in _elements(zone)
            }
            for condition in _nodes(zone, "BC_t"):
                names = _covered(condition, sections)
                tags = [
                    np.asarray(mesh.point_data[name]) for name in names if name in mesh.point_data
                ]
                if not tags:
                    continue
                tag = np.bitwise_or.reduce(tags)
                mesh.point_data[_name(condition)] = tag
                if _text(condition).startswith("BCWall"):
                    wall |= tag
    if wall.any():
        mesh.point_data[WALL] = wall


def _covered(condition: h5py.Group, sections: dict[h5py.Group, tuple[int, int]]) -> list[str]:
    """Names of the sections all of whose elements a boundary condition has."""
    place = next((name for name in POINTS if name in condition), None)
    if place is None:
        return []
    numbers = np.asarray(dataset(subgroup(condition, place), DATA)).ravel()
    if place == "PointRange":
        numbers = np.arange(numbers.min(), numbers.max() + 1)
    return [
        _name(section)
        for section, (first, last) in sections.items()
        if np.isin(np.arange(first, last + 1), numbers).all()
    ]


def _nodes(group: h5py.Group, label: str) -> Iterator[h5py.Group]:
    """Nodes of a kind, however deep they lie."""
    for _, child in subgroups(group):
        if _attribute(child, "label") == label:
            yield child
        else:
            yield from _nodes(child, label)


def _elements(zone: h5py.Group) -> Iterator[h5py.Group]:
    return _nodes(zone, "Elements_t")


def _range(node: h5py.Group) -> tuple[int, int]:
    first, last = np.asarray(dataset(node, DATA)).ravel()
    return int(first), int(last)


def _name(node: h5py.Group) -> str:
    return _attribute(node, "name")


def _attribute(node: h5py.Group, name: str) -> str:
    value = node.attrs.get(name, b"")
    return value.decode() if isinstance(value, bytes) else str(value)


def _text(node: h5py.Group) -> str:
    return np.asarray(dataset(node, DATA)).tobytes().decode()


OUTPUT = SolverOutput(make=_make, tag_more=_tag_conditions)

CGNS = Reader(
    name="CGNS file",
    expects=".cgns",
    recognises=lambda path: path.suffix.lower() == ".cgns" and not path.is_dir(),
    read=OUTPUT.read,
    open_series=OUTPUT.open_series,
)
