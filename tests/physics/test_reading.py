import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, case_from_dataset, read_case, read_cases
from graphformers.physics.case_files import find_cases

RingMesh = Callable[..., pv.UnstructuredGrid]


@pytest.fixture
def ring_file(ring_mesh: RingMesh, tmp_path: Path) -> Path:
    path = tmp_path / "ring.vtu"
    ring_mesh().save(path)
    return path


def test_a_file_gives_points_fields_tags_and_numbers(ring_file: Path) -> None:
    case = read_case(ring_file)
    assert case.name == "ring"
    assert case.space == 2
    assert {name: values.shape[1] for name, values in case.fields.items()} == {"p": 1, "U": 2}
    assert case.boundaries["wall"].sum() == 24
    assert case.parameters == {"angle_of_attack_deg": 3.0, "reynolds": 1e6}
    assert case.results == {"lift_coefficient": 0.4}


@pytest.mark.parametrize("suffix", [".vtp", ".vtk", ".stl", ".ply"])
def test_surfaces_are_read_from_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ball{suffix}"
    pv.Sphere(theta_resolution=8, phi_resolution=8).save(path)
    case = read_case(path, ReadOptions(fields=()))
    assert case.space == 3
    assert case.num_points == 50
    assert case.edges.shape[1] == 144


def test_legacy_unstructured_grids_are_read(ring_mesh: RingMesh, tmp_path: Path) -> None:
    mesh = ring_mesh()
    mesh.save(tmp_path / "ring.vtk")
    assert read_case(tmp_path / "ring.vtk").num_points == mesh.n_points


def test_cell_fields_are_averaged_to_points_and_it_is_said(
    ring_mesh: RingMesh, caplog: pytest.LogCaptureFixture
) -> None:
    mesh = ring_mesh()
    mesh.cell_data["T"] = np.arange(mesh.n_cells, dtype=float)
    with caplog.at_level(logging.INFO):
        case = case_from_dataset(mesh, ReadOptions(fields=("T", "p")))
    around = np.unique(mesh.cell_connectivity.reshape(-1, 4), return_index=False)
    touching = (mesh.cell_connectivity.reshape(-1, 4) == around[30]).any(axis=1)
    assert case.fields["T"][30, 0] == pytest.approx(np.flatnonzero(touching).mean())
    assert "'T' lies in the cells" in caplog.text


def test_parameters_given_by_hand_beat_the_file(ring_file: Path) -> None:
    case = read_case(ring_file, ReadOptions(given={"reynolds": 5.0, "roughness": 0.1}))
    assert case.parameters == {"angle_of_attack_deg": 3.0, "reynolds": 5.0, "roughness": 0.1}


def test_only_named_parameters_are_shown_to_a_model(ring_file: Path) -> None:
    case = read_case(ring_file, ReadOptions(parameters=("reynolds",)))
    assert case.parameters == {"reynolds": 1e6}
    assert "angle_of_attack_deg" in case.results


def test_units_come_with_the_file(ring_mesh: RingMesh, tmp_path: Path) -> None:
    mesh = ring_mesh()
    mesh.field_data["units"] = ["p: m2/s2", "U: m/s"]
    mesh.save(tmp_path / "ring.vtu")
    assert read_case(tmp_path / "ring.vtu").units == {"p": "m2/s2", "U": "m/s"}


def test_the_table_gives_parameters_and_split(ring_folder: Path) -> None:
    cases = read_cases(ring_folder)
    assert [case.name for case in cases] == ["00", "01", "02", "03", "04", "05"]
    assert cases[4].split == "val"
    assert cases[4].parameters == {"angle_of_attack_deg": 4.0, "reynolds": 5e5}
    assert cases[4].results == {"lift_coefficient": pytest.approx(0.4)}


def test_one_file_of_a_folder_knows_its_row_of_the_table(ring_folder: Path) -> None:
    assert read_case(ring_folder / "05.vtu").split == "test"


def test_wall_companions_are_no_cases_of_their_own(ring_folder: Path) -> None:
    pv.Sphere().save(ring_folder / "03_wall.vtp")
    cases = find_cases(ring_folder)
    assert len(cases) == 6
    assert cases[3].wall_path == ring_folder / "03_wall.vtp"


def test_a_surface_called_wall_without_its_case_is_a_case(tmp_path: Path) -> None:
    pv.Sphere().save(tmp_path / "garden_wall.vtp")
    assert [case.name for case in find_cases(tmp_path)] == ["garden_wall"]


def test_a_mesh_of_one_cell_is_a_case(tmp_path: Path) -> None:
    path = tmp_path / "one.vtu"
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], dtype=float)
    mesh = pv.UnstructuredGrid([3, 0, 1, 2], [pv.CellType.TRIANGLE], points)
    mesh.point_data["p"] = np.arange(3.0)
    mesh.save(path)
    case = read_case(path)
    assert case.edges.shape == (2, 3)
    assert case.features[:, 0].all()
    assert np.isfinite(case.features).all()


def test_a_missing_field_names_the_nearest(ring_file: Path) -> None:
    with pytest.raises(DataError, match=r"ring\.vtu: expected a field 'UU'.*did you mean 'U'"):
        read_case(ring_file, ReadOptions(fields=("UU",)))


def test_nan_in_a_field_says_how_many_and_where(ring_mesh: RingMesh, tmp_path: Path) -> None:
    mesh = ring_mesh()
    mesh.point_data["p"][[7, 40]] = np.nan
    mesh.save(tmp_path / "holes.vtu")
    with pytest.raises(DataError, match=r"holes\.vtu: field 'p'.*2 of 120.*first is point 7"):
        read_case(tmp_path / "holes.vtu")


def test_nan_in_a_field_nobody_asked_for_does_not_matter(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh()
    mesh.point_data["p"][7] = np.nan
    assert list(case_from_dataset(mesh, ReadOptions(fields=("U",))).fields) == ["U"]


def test_nan_in_the_coordinates_is_an_error(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh()
    mesh.points[3, 1] = np.nan
    with pytest.raises(DataError, match="the point coordinates must be finite"):
        case_from_dataset(mesh)


def test_velocity_out_of_the_plane_of_a_flat_mesh_is_an_error(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh()
    mesh.point_data["U"][:, 2] = 0.5
    with pytest.raises(DataError, match=r"z component of 'U' must be zero; it reaches 0\.5"):
        case_from_dataset(mesh)


@pytest.mark.parametrize("num_points", [0, 4])
def test_a_mesh_without_cells_is_an_error(num_points: int, tmp_path: Path) -> None:
    path = tmp_path / "dust.vtu"
    mesh = pv.UnstructuredGrid()
    mesh.points = np.zeros((num_points, 3))
    mesh.save(path)
    with pytest.raises(DataError, match=r"dust\.vtu: expected points joined by cells"):
        read_case(path)


def test_cells_without_points_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "hollow.vtu"
    kinds = [pv.CellType.TRIANGLE, pv.CellType.POLYGON]
    pv.UnstructuredGrid([3, 0, 1, 2, 0], kinds, np.eye(3)).save(path)
    with pytest.raises(DataError, match=r"hollow\.vtu: every cell needs points"):
        read_case(path)


@pytest.mark.parametrize("suffix", [".vtu", ".vtp", ".vtk", ".stl", ".ply"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.6, 0.97])
def test_a_truncated_file_is_an_error_and_no_crash(
    ring_mesh: RingMesh, tmp_path: Path, suffix: str, share: float
) -> None:
    path = tmp_path / f"cut{suffix}"
    mesh = ring_mesh() if suffix in (".vtu", ".vtk") else pv.Sphere()
    mesh.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=f"cut{suffix}"):
        read_case(path)


def test_a_truncated_text_ply_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.ply"
    pv.Sphere().save(path, binary=False)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(DataError, match=r"the header promises 842 vertex, 1680 face"):
        read_case(path)


def test_a_damaged_file_writes_nothing_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.vtu"
    path.write_text("<VTKFile type='UnstructuredGrid'><Unstr")
    with pytest.raises(DataError):
        read_case(path)
    assert capfd.readouterr() == ("", "")


def test_another_kind_of_file_lists_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mesh.docx"
    path.write_text("no mesh")
    with pytest.raises(DataError, match=r"expected a mesh file \(\.vtu, \.vtp"):
        read_case(path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no cases here"):
        read_cases(tmp_path)


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        read_cases(tmp_path / "nowhere")


def test_one_case_cannot_be_read_from_a_folder_of_several(ring_folder: Path) -> None:
    with pytest.raises(DataError, match="expected one case; it holds 6"):
        read_case(ring_folder)


def test_two_files_with_one_name_are_an_error(ring_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "00.vtu"
    other.write_bytes((ring_folder / "00.vtu").read_bytes())
    with pytest.raises(DataError, match="two cases are called '00'"):
        find_cases([ring_folder, other])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name,reynolds\n00,1\n", "expected a column 'case'"),
        ("case,reynolds\n00,1\n00,2\n", "line 3 repeats case '00'"),
        ("case,reynolds\n00,1,7\n", "line 2 has another number of columns"),
        ("case,reynolds\n99,1\n", "lists 1 cases without a file, the first is '99'"),
        ("case,split\n00,training\n", "split must be one of train, val, test; got 'training'"),
    ],
)
def test_a_bad_table_says_what_is_wrong(ring_folder: Path, table: str, message: str) -> None:
    (ring_folder / "cases.csv").write_text(table)
    with pytest.raises(DataError, match=message):
        find_cases(ring_folder)
