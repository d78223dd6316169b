"""Functions on grids, read as meshes."""

import numpy as np
import pytest
import torch

from graphformers.errors import DataError
from graphformers.physics import read_cases
from graphformers.physics.models.continuum.grid_cases import grid_cases
from graphformers.physics.read_options import ReadOptions

READ = ReadOptions(fields=("y",), inputs=("x",))


@pytest.fixture
def grid_file(tmp_path):
    """Writes functions on a grid as the neuraloperator package keeps them."""

    def write(x, y, name="darcy_train_4.pt"):
        torch.save({"x": x, "y": y}, tmp_path / name)
        return tmp_path / name

    return write


def test_every_sample_is_a_case_of_the_part_its_file_is_named_after(grid_file):
    x, y = torch.rand(3, 4, 6) > 0.5, torch.rand(3, 4, 6)
    cases = read_cases(grid_file(x, y), READ)
    assert [case.name for case in cases] == [f"darcy_train_4_0000{number}" for number in range(3)]
    assert {case.split for case in cases} == {"train"}
    assert [case.part for case in cases] == ["0", "1", "2"]
    assert read_cases(grid_file(x, y, "flow.pt"), READ)[0].split is None


def test_point_i_j_of_the_tensors_stands_at_i_j_of_the_plane(grid_file):
    x, y = torch.rand(1, 4, 6) > 0.5, torch.rand(1, 4, 6)
    (case,) = read_cases(grid_file(x, y), READ)
    place = np.rint(case.points * (4, 6)).astype(int)
    assert case.points.shape == (24, 2)
    np.testing.assert_array_equal(case.inputs["x"][:, 0], x[0].numpy()[tuple(place.T)])
    np.testing.assert_allclose(case.fields["y"][:, 0], y[0].numpy()[tuple(place.T)])
    assert case.edges.shape[1] == 3 * 6 + 4 * 5
    np.testing.assert_array_equal(case.features[:, -1], case.inputs["x"][:, 0])
    assert case.feature_names[-1] == "x"


def test_patches_can_be_cut_from_its_points(grid_file):
    (case,) = read_cases(grid_file(torch.rand(1, 4, 6), torch.rand(1, 4, 6)), READ)
    batch = case.graph()
    (nodes,) = grid_cases(batch.positions, batch.ptr)
    assert sorted(nodes.shape[1:]) == [4, 6]


def test_space_and_times(grid_file):
    file = grid_file(torch.rand(1, 2, 3, 4), torch.rand(1, 2, 2, 3, 4))
    (case,) = read_cases(file, ReadOptions(inputs=("x",)))
    assert case.points.shape == (24, 3)
    assert list(case.fields) == ["y_0", "y_1"]


def test_a_line_is_no_mesh(grid_file):
    with pytest.raises(DataError, match="not of a line"):
        read_cases(grid_file(torch.rand(2, 8), torch.rand(2, 8)), READ)
