"""EnSight, CGNS, PLOT3D and Fluent through VTK, on files written here in their layout."""

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case, read_series
from graphformers.physics.mesh_series import INFLOW, OUTFLOW, WALL_BOUNDARY

CUBES = np.array([(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1, 2)], dtype=float)
NUMBER = {tuple(point): k + 1 for k, point in enumerate(CUBES.astype(int).tolist())}  # from 1


def cube(x: int) -> list[int]:
    """Corners of a unit cube in the order hexahedra have in all of these formats."""
    around = [(0, 0), (1, 0), (1, 1), (0, 1)]
    return [NUMBER[(x + dx, dy, z)] for z in (0, 1) for dx, dy in around]


def floor_faces() -> list[int]:
    corners = [[(x, 0, 0), (x + 1, 0, 0), (x + 1, 0, 1), (x, 0, 1)] for x in (0, 1)]
    return [NUMBER[corner] for face in corners for corner in face]


def inlet_face() -> list[int]:
    return [NUMBER[corner] for corner in [(0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0)]]


# EnSight Gold, as text


def ensight_part(number: int, name: str, kind: str, cells: list[list[int]]) -> str:
    used = sorted({corner for cell in cells for corner in cell})
    lines = ["part", f"{number:10d}", name, "coordinates", f"{len(used):10d}"]
    lines += [f"{CUBES[k - 1, axis]:12.5e}" for axis in range(3) for k in used]
    lines += [kind, f"{len(cells):10d}"]
    lines += ["".join(f"{used.index(corner) + 1:10d}" for corner in cell) for cell in cells]
    return "\n".join(lines) + "\n"


def write_ensight(folder: Path, times: list[float]) -> Path:
    faces = np.reshape(floor_faces(), (-1, 4)).tolist()
    parts = [
        ensight_part(1, "fluid", "hexa8", [cube(0), cube(1)]),
        ensight_part(2, "wall_floor", "quad4", faces),
        ensight_part(3, "inlet", "quad4", [inlet_face()]),
    ]
    header = "cubes\nby hand\nnode id assign\nelement id assign\n"
    (folder / "cubes.geo").write_text(header + "".join(parts))
    for step, time in enumerate(times):
        text = "pressure\n"
        for part, points in enumerate([list(range(1, 13)), floor_faces(), inlet_face()], start=1):
            used = sorted(set(points))
            text += f"part\n{part:10d}\ncoordinates\n"
            text += "".join(f"{CUBES[k - 1, 0] + time:12.5e}\n" for k in used)
        (folder / f"cubes.p{step:02d}").write_text(text)
    steps = " ".join(str(time) for time in times)
    (folder / "cubes.case").write_text(
        "FORMAT\ntype: ensight gold\nGEOMETRY\nmodel: cubes.geo\n"
        "VARIABLE\nscalar per node: 1 pressure cubes.p**\n"
        f"TIME\ntime set: 1\nnumber of steps: {len(times)}\nfilename start number: 0\n"
        f"filename increment: 1\ntime values: {steps}\n"
    )
    return folder / "cubes.case"


def test_an_ensight_case_has_its_parts_as_tags(tmp_path: Path) -> None:
    case = read_case(write_ensight(tmp_path, [0.5]))
    assert case.name == "cubes"
    assert case.num_points == 12
    assert case.edges.shape[1] == 20
    assert {name: int(tag.sum()) for name, tag in case.boundaries.items()} == {
        "wall_floor": 6,
        "inlet": 4,
        "wall": 6,
    }
    assert np.allclose(case.fields["pressure"][:, 0], case.points[:, 0] + 0.5)


def test_the_times_of_an_ensight_case_are_a_series(tmp_path: Path) -> None:
    path = write_ensight(tmp_path, [0.5, 2.0])
    series = read_series(path)
    assert series.times.tolist() == [0.5, 2.0]
    for step, time in enumerate(series.times):
        pressure = series.read_step(step)["pressure"][:, 0]
        assert np.allclose(pressure, series.mesh.points[:, 0] + time)
    assert set(series.node_types[series.mesh.boundaries["wall"]]) == {WALL_BOUNDARY}
    only_inlet = series.mesh.boundaries["inlet"] & ~series.mesh.boundaries["wall"]
    assert set(series.node_types[only_inlet]) == {INFLOW}
    assert np.allclose(read_case(path, ReadOptions(time=0.5)).fields["pressure"].min(), 0.5)


def test_one_time_of_ensight_is_no_series(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a solution over time; it holds one time only"):
        read_series(write_ensight(tmp_path, [0.5]))


def test_a_time_that_is_not_there_lists_the_others(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no time 1; it has \[0.5, 2.0\]"):
        read_case(write_ensight(tmp_path, [0.5, 2.0]), ReadOptions(time=1.0))


def test_a_time_of_a_cgns_file_without_times_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no time 1; it has \[0.0\]"):
        read_case(write_cgns(tmp_path / "cubes.cgns"), ReadOptions(time=1.0))


def test_ensight_without_its_geometry_is_an_error(tmp_path: Path) -> None:
    path = write_ensight(tmp_path, [0.5])
    (tmp_path / "cubes.geo").unlink()
    with pytest.raises(DataError, match=r"cubes\.case"):
        read_case(path)


# CGNS in HDF5


def cgns_node(
    parent: h5py.Group, name: str, label: str, data: np.ndarray | str | None = None
) -> h5py.Group:
    node = parent.create_group(name, track_order=True)
    if isinstance(data, str):
        data = np.frombuffer(data.encode(), dtype=np.int8)
    kinds = {"int8": "C1", "int32": "I4", "float32": "R4", "float64": "R8"}
    kind = "MT" if data is None else kinds[data.dtype.name]
    for key, text, size in (("name", name, 33), ("label", label, 33), ("type", kind, 3)):
        node.attrs.create(key, np.bytes_(text), dtype=f"S{size}")
    node.attrs["flags"] = np.array([1], dtype=np.int32)
    if data is not None:
        node.create_dataset(" data", data=data)
    return node


def integers(values: list) -> np.ndarray:
    return np.asarray(values, dtype=np.int32)


def cgns_section(zone: h5py.Group, name: str, kind: int, span: list[int], corners: list) -> None:
    section = cgns_node(zone, name, "Elements_t", integers([kind, 0]))
    cgns_node(section, "ElementRange", "IndexRange_t", integers(span))
    cgns_node(section, "ElementConnectivity", "DataArray_t", integers(corners))


def write_cgns(path: Path) -> Path:
    with h5py.File(path, "w", libver=("earliest", "v108"), track_order=True) as file:
        root = (("name", "HDF5 MotherNode", 33), ("label", "Root Node of HDF5 File", 33))
        for key, text, size in (*root, ("type", "MT", 3)):
            file.attrs.create(key, np.bytes_(text), dtype=f"S{size}")
        file.create_dataset(" format", data=np.frombuffer(b"IEEE_LITTLE_32\0", dtype=np.int8))
        version = b"HDF5 Version 1.10.5".ljust(33, b"\0")
        file.create_dataset(" hdf5version", data=np.frombuffer(version, dtype=np.int8))
        cgns_node(file, "CGNSLibraryVersion", "CGNSLibraryVersion_t", np.float32([3.3]))
        base = cgns_node(file, "Base", "CGNSBase_t", integers([3, 3]))
        zone = cgns_node(base, "Zone", "Zone_t", integers([[12], [2], [0]]))
        cgns_node(zone, "ZoneType", "ZoneType_t", "Unstructured")
        grid = cgns_node(zone, "GridCoordinates", "GridCoordinates_t")
        solution = cgns_node(zone, "FlowSolution", "FlowSolution_t")
        cgns_node(solution, "GridLocation", "GridLocation_t", "Vertex")
        cgns_node(solution, "Pressure", "DataArray_t", CUBES[:, 0].copy())
        for axis, values in zip("XYZ", CUBES.T.copy(), strict=True):
            cgns_node(grid, f"Coordinate{axis}", "DataArray_t", values)
            cgns_node(solution, f"Velocity{axis}", "DataArray_t", values)
        cgns_section(zone, "Hexes", 17, [1, 2], cube(0) + cube(1))
        cgns_section(zone, "floor", 7, [3, 4], floor_faces())
        cgns_section(zone, "left", 7, [5, 5], inlet_face())
        conditions = cgns_node(zone, "ZoneBC", "ZoneBC_t")
        for name, kind, span in (("ground", "BCWall", [3, 4]), ("inflow", "BCInflow", [5, 5])):
            condition = cgns_node(conditions, name, "BC_t", kind)
            cgns_node(condition, "PointRange", "IndexRange_t", integers([span]))
            cgns_node(condition, "GridLocation", "GridLocation_t", "FaceCenter")
    return path


def test_a_cgns_file_gives_fields_sections_and_conditions(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    case = read_case(write_cgns(tmp_path / "cubes.cgns"))
    assert case.num_points == 12
    assert np.array_equal(case.fields["Velocity"], case.points)
    assert {name: int(tag.sum()) for name, tag in case.boundaries.items()} == {
        "floor": 6,
        "left": 4,
        "ground": 6,
        "inflow": 4,
        "wall": 6,
    }
    assert not case.results
    assert capfd.readouterr() == ("", "")


def test_only_the_fields_of_a_cgns_file_asked_for_are_read(tmp_path: Path) -> None:
    case = read_case(write_cgns(tmp_path / "cubes.cgns"), ReadOptions(fields=("Pressure",)))
    assert list(case.fields) == ["Pressure"]
    assert "Velocity" not in case.dataset.point_data
    assert np.array_equal(case.fields["Pressure"][:, 0], case.points[:, 0])


def test_a_truncated_cgns_file_is_an_error(tmp_path: Path) -> None:
    path = write_cgns(tmp_path / "cubes.cgns")
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(DataError, match=r"cubes\.cgns"):
        read_case(path)


# PLOT3D, binary and single precision


def write_plot3d(folder: Path) -> Path:
    shape = np.asarray([3, 2, 2], dtype=np.int32)
    (folder / "cubes.xyz").write_bytes(shape.tobytes() + CUBES.T.astype(np.float32).tobytes())
    density, momentum, energy = np.ones(12), CUBES.T, 10 + CUBES[:, 0]
    conserved = np.concatenate([[density], momentum, [energy]]).astype(np.float32)
    reference = np.asarray([0.5, 2.0, 1e6, 0.0], dtype=np.float32)  # Mach, angle, Reynolds, time
    (folder / "cubes.q").write_bytes(shape.tobytes() + reference.tobytes() + conserved.tobytes())
    return folder / "cubes.xyz"


def test_plot3d_gives_what_is_stored_and_what_follows(tmp_path: Path) -> None:
    case = read_case(write_plot3d(tmp_path))
    assert case.name == "cubes"
    assert case.num_points == 12
    assert np.allclose(case.fields["Momentum"], case.points)
    assert np.allclose(case.fields["Velocity"], case.points)  # density is one everywhere
    kinetic = 0.5 * (case.points**2).sum(axis=1)
    assert np.allclose(case.fields["Pressure"][:, 0], 0.4 * (10 + case.points[:, 0] - kinetic))


def test_a_plot3d_grid_alone_has_no_fields(tmp_path: Path) -> None:
    path = write_plot3d(tmp_path)
    (tmp_path / "cubes.q").unlink()
    assert not read_case(path).fields


# Fluent: its layout is too large to write here


@pytest.fixture
def sample() -> Callable[[str], Path]:
    folder = os.environ.get("GRAPHFORMERS_DATA")
    if not folder:
        pytest.skip("GRAPHFORMERS_DATA does not name a folder of samples")
    return lambda name: Path(folder) / name


def test_a_fluent_case_has_its_fields_at_points(sample: Callable[[str], Path]) -> None:
    case = read_case(sample("vtk_data/FLUENTCFF/room.cas.h5"), ReadOptions(fields=("SV_P",)))
    assert case.name == "room"
    assert case.num_points == 4565
    assert np.isfinite(case.fields["SV_P"]).all()


def test_the_parts_of_a_cylinder_are_tags(sample: Callable[[str], Path]) -> None:
    case = read_case(sample("vtk_data/CylinderCrossflow/cylinder_Re35.case"))
    assert case.num_points == 14831
    assert int(case.boundaries["wall"].sum()) == 63
    assert set(case.fields) == {"pressure", "vorticity_mag", "velocity"}


def test_structured_blocks_are_joined(sample: Callable[[str], Path]) -> None:
    series = read_series(sample("vtk_data/naca_ensight/naca.bin.case"))
    assert series.times.tolist() == [1.0, 3.0]
    assert series.mesh.num_points < 4745 + 15665 + 4745
    assert OUTFLOW not in series.node_types
