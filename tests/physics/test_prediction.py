import dataclasses

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics.prediction import case_to_predict, dataset_with_fields, write_dataset
from graphformers.physics.read_options import ReadOptions

PARAMETERS = ("angle_of_attack_deg", "reynolds")
WANTED = ReadOptions(fields=("p", "U"), parameters=PARAMETERS)


def test_a_mesh_brings_its_own_fields_as_truth(ring_folder):
    case = case_to_predict(ring_folder / "02.vtu", WANTED, {})
    assert list(case.fields) == ["p", "U"]
    assert case.parameters == {"angle_of_attack_deg": 2.0, "reynolds": 3e5}


def test_given_parameters_come_first(ring_folder, ring_mesh):
    given = {"reynolds": 5.0}
    for mesh in (ring_folder / "02.vtu", ring_mesh()):
        assert case_to_predict(mesh, WANTED, given).parameters["reynolds"] == 5.0
    case = case_to_predict(ring_mesh(), WANTED, {})
    assert case_to_predict(case, WANTED, given).parameters["reynolds"] == 5.0


def test_an_openfoam_case_is_read_without_its_fields(openfoam_case):
    case = case_to_predict(openfoam_case(), dataclasses.replace(WANTED, parameters=()), {})
    assert case.fields == {}
    assert case.num_points > 0


def test_a_field_in_the_cells_moves_to_the_points(ring_mesh):
    mesh = ring_mesh()
    del mesh.point_data["p"]
    mesh.cell_data["p"] = np.arange(mesh.n_cells, dtype=float)
    case = case_to_predict(mesh, ReadOptions(fields=("p",), parameters=()), {})
    predicted = dataset_with_fields(case, {"p": np.zeros((mesh.n_points, 1))})
    assert "p" not in predicted.cell_data
    np.testing.assert_allclose(predicted.point_data["p_error"], -case.fields["p"][:, 0], rtol=1e-6)
    assert "p" in mesh.cell_data


def test_a_folder_of_several_cases_is_refused(ring_folder):
    with pytest.raises(DataError, match="expected one case"):
        case_to_predict(ring_folder, WANTED, {})


def test_any_mesh_can_be_written_as_vtu(tmp_path):
    write_dataset(pv.Sphere(), tmp_path / "ball.vtu")
    assert pv.read(tmp_path / "ball.vtu").n_points == pv.Sphere().n_points


def test_a_file_type_that_cannot_hold_the_mesh_is_refused(ring_mesh, tmp_path):
    with pytest.raises(DataError, match=r"try \.vtu"):
        write_dataset(ring_mesh(), tmp_path / "ring.stl")
    assert list(tmp_path.iterdir()) == []


def test_inputs_must_be_there_even_where_the_truth_may_be_missing(ring_mesh):
    mesh = ring_mesh()
    wanted = ReadOptions(fields=("U", "T"), inputs=("p",), parameters=())
    case = case_to_predict(mesh, wanted, {})
    assert list(case.fields) == ["U"]
    assert list(case.inputs) == ["p"]
    del mesh.point_data["p"]
    with pytest.raises(DataError, match="expected a field 'p'"):
        case_to_predict(mesh, wanted, {})
