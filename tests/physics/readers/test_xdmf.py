from pathlib import Path

import h5py
import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case, read_series

POINTS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])


def item(shape: str, place: str, kind: str = "Float") -> str:
    return f'<DataItem DataType="{kind}" Dimensions="{shape}" Format="HDF">{place}</DataItem>'


def attribute(name: str, place: str, center: str = "Node", shape: str = "4") -> str:
    return f'<Attribute Name="{name}" Center="{center}">{item(shape, place)}</Attribute>'


MESH = (
    f'<Geometry GeometryType="XYZ">{item("4 3", "flow.h5:/data0")}</Geometry>'
    f'<Topology TopologyType="Triangle">{item("2 3", "flow.h5:/data1", "Int")}</Topology>'
)


def write(folder: Path, body: str) -> Path:
    """Big-endian numbers with names that say nothing, as some exporters write them."""
    with h5py.File(folder / "flow.h5", "w") as file:
        for number, values in enumerate(
            (POINTS, TRIANGLES, POINTS[:, 0], np.array([0, 2, 2, 6]), np.array([1.0, 3.0]))
        ):
            kind = ">i8" if number == 1 else ">f8"
            file[f"data{number}"] = values.astype(kind)
    path = folder / "flow.xdmf"
    path.write_text(f'<Xdmf Version="3.0"><Domain>{body}</Domain></Xdmf>')
    return path


def one_time(folder: Path) -> Path:
    attributes = attribute("Pressure", "flow.h5:/data2") + attribute("Node_type", "flow.h5:/data3")
    attributes += attribute("Heat", "flow.h5:/data4", "Cell", "2")
    return write(folder, f'<Grid Name="Grid">{MESH}{attributes}</Grid>')


def several_times(folder: Path) -> Path:
    """The mesh once, and a grid with fields for every time."""
    grids = "".join(
        f'<Grid Name="step"><Time Value="{time}"/>{attribute("Pressure", "flow.h5:/data2")}</Grid>'
        for time in (0.5, 1.5)
    )
    series = f'<Grid GridType="Collection" CollectionType="Temporal">{grids}</Grid>'
    return write(folder, f'{series}<Grid Name="mesh" GridType="Uniform">{MESH}</Grid>')


def test_fields_and_node_types_are_read(tmp_path: Path) -> None:
    case = read_case(one_time(tmp_path))
    assert case.edges.shape == (2, 5)
    assert set(case.fields) == {"Pressure", "Heat"}
    assert case.fields["Pressure"][:, 0].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert case.fields["Heat"][:, 0].tolist() == [2.0, 1.0, 2.0, 3.0]
    assert {name: tag.tolist() for name, tag in case.boundaries.items()} == {
        "airfoil": [False, True, True, False],
        "wall_boundary": [False, False, False, True],
        "wall": [False, True, True, False],
    }


def test_only_the_fields_asked_for_are_read(tmp_path: Path) -> None:
    path = one_time(tmp_path)
    with h5py.File(tmp_path / "flow.h5", "a") as file:
        del file["data4"]
    case = read_case(path, ReadOptions(fields=("Pressure",)))
    assert list(case.fields) == ["Pressure"]
    assert "airfoil" in case.boundaries


def test_grids_with_times_are_a_series(tmp_path: Path) -> None:
    series = read_series(several_times(tmp_path))
    assert series.times.tolist() == [0.5, 1.5]
    assert series.read_step(1)["Pressure"][:, 0].tolist() == [0.0, 1.0, 1.0, 0.0]
    with pytest.raises(DataError, match=r"there is no time 1; it has \[0.5, 1.5\]"):
        read_case(tmp_path / "flow.xdmf", ReadOptions(time=1.0))


def test_mixed_cells_and_numbers_in_the_text_are_read(tmp_path: Path) -> None:
    geometry = '<DataItem Dimensions="5 2" Format="XML">0 0 1 0 1 1 0 1 2 0</DataItem>'
    cells = '<DataItem Dimensions="9" Format="XML">5 0 1 2 3 4 1 4 2</DataItem>'
    body = (
        f'<Grid><Geometry GeometryType="XY">{geometry}</Geometry>'
        f'<Topology TopologyType="Mixed">{cells}</Topology></Grid>'
    )
    case = read_case(write(tmp_path, body))
    assert case.space == 2
    assert case.edges.shape == (2, 6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("flow.h5:/data2", "flow.h5:/data9", r"expected a data set '/data9'"),
        ("flow.h5:/data2", "gone.h5:/data2", r"gone\.h5:/data2 cannot be read"),
        ('Dimensions="4"', 'Dimensions="5"', "cannot be read"),
        ("Triangle", "Polygon", r"cells must be triangle, .*or mixed; got 'polygon'"),
        ("</Domain>", "", "the XML cannot be read"),
        ("Geometry>", "Geometrie>", "the XML cannot be read|expected a Topology and a Geometry"),
        ('Center="Cell"', 'Center="Face"', "its center is Face"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = one_time(tmp_path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=message):
        read_case(path)
