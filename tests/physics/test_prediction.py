import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics.prediction import case_to_predict, dataset_with_fields, write_dataset

FIELDS, PARAMETERS = ("p", "U"), ("angle_of_attack_deg", "reynolds")


def test_a_mesh_brings_its_own_fields_as_truth(ring_folder):
    case = case_to_predict(ring_folder / "02.vtu", FIELDS, PARAMETERS, {})
    assert list(case.fields) == ["p", "U"]
    assert case.parameters == {"angle_of_attack_deg": 2.0, "reynolds": 3e5}


def test_given_parameters_come_first(ring_folder, ring_mesh):
    given = {"reynolds": 5.0}
    for mesh in (ring_folder / "02.vtu", ring_mesh()):
        assert case_to_predict(mesh, FIELDS, PARAMETERS, given).parameters["reynolds"] == 5.0
    case = case_to_predict(ring_mesh(), FIELDS, PARAMETERS, {})
    assert case_to_predict(case, FIELDS, PARAMETERS, given).parameters["reynolds"] == 5.0


def test_an_openfoam_case_is_read_without_its_fields(openfoam_case):
    case = case_to_predict(openfoam_case(), FIELDS, (), {})
    assert case.fields == {}
    assert case.num_points > 0


def test_a_field_in_the_cells_moves_to_the_points(ring_mesh):
    mesh = ring_mesh()
    del mesh.point_data["p"]
    mesh.cell_data["p"] = np.arange(mesh.n_cells, dtype=float)
    case = case_to_predict(mesh, ("p",), (), {})
    predicted = dataset_with_fields(case, {"p": np.zeros((mesh.n_points, 1))})
    assert "p" not in predicted.cell_data
    np.testing.assert_allclose(predicted.point_data["p_error"], -case.fields["p"][:, 0], rtol=1e-6)
    assert "p" in mesh.cell_data


def test_a_folder_of_several_cases_is_refused(ring_folder):
    with pytest.raises(DataError, match="expected one case"):
        case_to_predict(ring_folder, FIELDS, PARAMETERS, {})


def test_any_mesh_can_be_written_as_vtu(tmp_path):
    write_dataset(pv.Sphere(), tmp_path / "ball.vtu")
    assert pv.read(tmp_path / "ball.vtu").n_points == pv.Sphere().n_points


def test_a_file_type_that_cannot_hold_the_mesh_is_refused(ring_mesh, tmp_path):
    with pytest.raises(DataError, match=r"try \.vtu"):
        write_dataset(ring_mesh(), tmp_path / "ring.stl")
    assert list(tmp_path.iterdir()) == []
