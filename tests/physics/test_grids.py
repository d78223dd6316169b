"""Files of functions on grids: what they mean, and what is said about those that are none."""

import pytest
import torch

from graphformers.errors import DataError, ShapeError
from graphformers.physics.grids import GridData, read_grids
from graphformers.physics.models.continuum.grid_cases import grid_cases


@pytest.fixture
def file(tmp_path):
    """Writes an object as such files are written and gives its path."""

    def write(document):
        path = tmp_path / "grids.pt"
        torch.save(document, path)
        return path

    return write


def test_darcy_flow_is_a_pattern_and_a_field(file):
    x, y = torch.rand(3, 8, 8) > 0.5, torch.rand(3, 8, 8)
    data = read_grids(file({"x": x, "y": y}))
    assert torch.equal(data.inputs, x.float()[..., None])
    assert torch.equal(data.outputs, y[..., None])
    assert data.spacing == (0.125, 0.125)
    assert data.parameters == {}


def test_times_become_channels(file):
    y = torch.rand(3, 5, 8, dtype=torch.float64)
    data = read_grids(file({"x": y[:, 0], "y": y, "visc": torch.full((1, 1), 0.01)}))
    assert data.inputs.shape == (3, 8, 1)
    assert torch.equal(data.outputs, y.movedim(1, 2).float())
    assert data.parameters == pytest.approx({"visc": 0.01})


def test_samples_do_not_drag_the_storage_of_others_along(file):
    everything = torch.rand(100, 4, 4)
    data = read_grids(file({"x": everything[:2], "y": everything[2:4]}))
    assert data.inputs.untyped_storage().nbytes() == 2 * 16 * 4


def test_every_second_point_of_a_finer_grid_stands_at_the_same_place(file):
    fine = read_grids(file({"x": torch.rand(1, 8, 6), "y": torch.rand(1, 8, 6)}))
    coarse = read_grids(file({"x": torch.rand(1, 4, 3), "y": torch.rand(1, 4, 3)}))
    assert torch.equal(fine.positions[::2, ::2], coarse.positions)


def test_a_batch_holds_the_grids_row_by_row(file):
    x, y = torch.rand(3, 4, 6), torch.rand(3, 4, 6)
    data = read_grids(file({"x": x, "y": y}))
    batch = data.batch()
    (nodes,) = grid_cases(batch.positions, batch.ptr)
    assert torch.equal(batch.x[nodes], data.inputs)
    assert torch.equal(batch.target[nodes], data.outputs)
    assert torch.equal(batch.positions[nodes][2], data.positions)


def test_selected_samples_keep_their_order(file):
    data = read_grids(file({"x": torch.rand(4, 4, 4), "y": torch.rand(4, 4, 4)}))
    some = data.select(torch.tensor([3, 1]))
    assert torch.equal(some.outputs, data.outputs[[3, 1]])
    assert len(some) == 2


def test_a_thinned_grid_keeps_every_second_point_with_its_place(file):
    data = read_grids(file({"x": torch.rand(2, 4, 6), "y": torch.rand(2, 4, 6)}))
    thin = data.thinned(2, (1, 0))
    assert torch.equal(thin.outputs, data.outputs[:, 1::2, ::2])
    assert torch.equal(thin.positions, data.positions[1::2, ::2])
    assert thin.spacing == (0.5, 1 / 3)
    with pytest.raises(ShapeError, match="2 first points below it"):
        data.thinned(2, (2, 0))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([1.0], "must hold a dictionary; got a list"),
        ({"x": torch.zeros(2, 4, 4)}, "must hold a tensor 'y'; it holds x"),
        ({"x": torch.zeros(2, 4, 4), "y": [1.0]}, "must hold a tensor 'y'; it holds x, y"),
        ({"x": torch.zeros(2, 4, 4), "y": torch.zeros(2, 4, 5)}, r"x \(2, 4, 4\), y \(2, 4, 5\)"),
        ({"x": torch.zeros(2, 4), "y": torch.zeros(3, 4)}, r"got x \(2, 4\), y \(3, 4\)"),
        ({"x": torch.zeros(4), "y": torch.zeros(4)}, r"got x \(4,\)"),
        ({"x": torch.full((1, 2), torch.nan), "y": torch.zeros(1, 2)}, "x holds numbers that"),
    ],
)  # fmt: skip
def test_a_file_of_something_else_is_refused_with_its_name(document, message, file):
    with pytest.raises(DataError, match=message) as raised:
        read_grids(file(document))
    assert "grids.pt" in str(raised.value)


def test_a_file_that_would_run_code_is_refused(file):
    with pytest.raises(DataError, match="no file of plain tensors"):
        read_grids(file({"x": torch.zeros(1, 2), "y": torch.zeros(1, 2), "call": print}))


def test_a_file_that_is_missing_or_cut_off_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.pt does not exist"):
        read_grids(tmp_path / "none.pt")
    (tmp_path / "cut.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r"cut\.pt is no file of plain tensors"):
        read_grids(tmp_path / "cut.pt")


def test_functions_on_different_grids_are_refused():
    axes = (torch.arange(4) / 4,)
    with pytest.raises(ShapeError, match=r"outputs must be \(samples, 4, channels\)"):
        GridData(
            inputs=torch.zeros(1, 4, 1), outputs=torch.zeros(1, 5, 1), spacing=(0.25,), axes=axes
        )
    with pytest.raises(ShapeError, match="got 1 and 2"):
        GridData(
            inputs=torch.zeros(1, 4, 1), outputs=torch.zeros(2, 4, 1), spacing=(0.25,), axes=axes
        )
