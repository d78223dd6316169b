import struct
from pathlib import Path

import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case, read_cases

MESH = """% a square of a quadrilateral and two triangles
NDIME= 2
NELEM= 3
9 0 1 4 3 0
5 1 2 4 1
5 2 5 4 2
NPOIN= 6
0.0 0.0 0
1.0 0.0 1
2.0 0.0 2
0.0 1.0 3
1.0 1.0 4
2.0 1.0 5
NMARK= 2
MARKER_TAG= airfoil
MARKER_ELEMS= 2
3 0 1
3 1 2
MARKER_TAG= farfield
MARKER_ELEMS= 1
3 3 4
"""


def write_mesh(folder: Path) -> Path:
    path = folder / "square.su2"
    path.write_text(MESH)
    return path


def write_table(folder: Path, rows: int = 6) -> None:
    """Every row ends with a comma that the header has not."""
    lines = ['"PointID","x","y","Pressure","Mach"']
    lines += [f"{k},0.0,0.0,{k}.5,0.1," for k in range(rows)]
    (folder / "flow.csv").write_text("\n".join(lines) + "\n")


def write_restart(folder: Path) -> Path:
    names = ["x", "y", "Density", "Nu_Tilde"]
    header = struct.pack("<5i", 535532, len(names), 6, 0, 0)
    header += b"".join(name.encode().ljust(33, b"\0") for name in names)
    values = np.arange(24, dtype="<f8").reshape(6, 4)
    path = folder / "restart.dat"
    path.write_bytes(header + values.tobytes())
    return path


def test_a_mesh_alone_has_its_markers_as_tags(tmp_path: Path) -> None:
    case = read_case(write_mesh(tmp_path))
    assert case.space == 2
    assert case.edges.shape == (2, 8)
    assert np.flatnonzero(case.boundaries["airfoil"]).tolist() == [0, 1, 2]
    assert np.flatnonzero(case.boundaries["farfield"]).tolist() == [3, 4]


def test_a_marker_can_be_named_the_wall(tmp_path: Path) -> None:
    case = read_case(write_mesh(tmp_path), ReadOptions(walls=("airfoil",)))
    assert case.wall.point_ids.tolist() == [0, 1, 2]


def test_every_solution_is_a_case(tmp_path: Path) -> None:
    write_mesh(tmp_path)
    write_table(tmp_path)
    write_restart(tmp_path)
    (tmp_path / "notes.csv").write_text("what,when\n")
    table, restart = read_cases(tmp_path)
    assert (table.name, restart.name) == ("square_flow", "square_restart")
    assert table.fields["Pressure"][:, 0].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert set(table.fields) == {"Pressure", "Mach"}
    assert restart.fields["Nu_Tilde"][:, 0].tolist() == [3.0, 7.0, 11.0, 15.0, 19.0, 23.0]


def test_a_solution_of_another_mesh_is_an_error(tmp_path: Path) -> None:
    path = write_mesh(tmp_path)
    write_table(tmp_path, rows=5)
    with pytest.raises(DataError, match="expected a value at each of 6 points; there are 5"):
        read_case(path)


def test_a_truncated_restart_is_an_error(tmp_path: Path) -> None:
    path = write_mesh(tmp_path)
    restart = write_restart(tmp_path)
    restart.write_bytes(restart.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"restart\.dat: truncated; .* promises 6 points"):
        read_case(path)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_a_truncated_mesh_is_an_error(tmp_path: Path, share: float) -> None:
    path = write_mesh(tmp_path)
    path.write_text(MESH[: int(share * len(MESH))])
    with pytest.raises(
        DataError, match=r"square\.su2: the SU2 mesh cannot be read, is it truncated"
    ):
        read_case(path)


def test_words_in_a_solution_are_an_error(tmp_path: Path) -> None:
    path = write_mesh(tmp_path)
    (tmp_path / "flow.csv").write_text('"PointID","Mach"\n0,fast\n')
    with pytest.raises(DataError, match=r"flow\.csv: expected 2 numbers in every row"):
        read_case(path)
