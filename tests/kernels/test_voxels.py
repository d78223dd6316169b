import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import DataError, ShapeError
from graphformers.kernels import group_voxels, patch_offsets, segment_reduce, voxel_cells
from graphformers.kernels.neighbors.cases import clusters, uniform
from graphformers.kernels.voxels.cases import CELL_CASES, scattered
from graphformers.kernels.voxels.reference import group_voxels_reference


def assert_grouped(cells, ptr=None):
    """Distinct rows, counts and inverse as ``torch.unique`` has them, members ascending."""
    ends = torch.tensor([0, len(cells)]) if ptr is None else ptr
    graph = torch.arange(len(ends) - 1).repeat_interleave(ends.diff())
    rows, counts, inverse = group_voxels_reference(torch.cat([graph[:, None], cells], dim=1))
    ours = group_voxels(cells, ptr)
    assert torch.equal(torch.cat([ours.graph[:, None], ours.cell], dim=1), rows)
    assert torch.equal(ours.row_ptr.diff(), counts)
    assert torch.equal(ours.inverse, inverse)
    assert torch.equal(ours.order, inverse.argsort(stable=True))
    assert ours.num_voxels == len(rows)


@pytest.mark.parametrize(("cells", "ptr"), CELL_CASES.values(), ids=CELL_CASES)
def test_voxels_are_the_unique_rows(cells, ptr):
    assert_grouped(cells, ptr)


@given(
    st.lists(st.tuples(*[st.integers(-5, 5) | st.integers(-(2**19), 2**19)] * 3), max_size=50),
    st.lists(st.integers(0, 50), max_size=4),
)
def test_any_cells_in_any_graphs_give_the_unique_rows(cells, cuts):
    cells = torch.tensor(cells, dtype=torch.int64).reshape(-1, 3)
    inner = sorted(min(cut, len(cells)) for cut in cuts)
    assert_grouped(cells, torch.tensor([0, *inner, len(cells)]))


@pytest.mark.parametrize("size", [0.1, (0.1, 0.5, 3.0)])
@pytest.mark.parametrize("cloud", [uniform, clusters])
def test_a_point_lies_in_its_cell(size, cloud, dtype):
    points = cloud(300).to(dtype) - 0.5
    cells = voxel_cells(points, size)
    edges = points.new_tensor(size)
    assert torch.equal(cells, torch.floor(points / edges).long())
    assert (cells < 0).any()


def test_narrow_integers_are_grouped_too():
    cells = scattered(50, 5)
    narrow = group_voxels(cells.to(torch.int16))
    assert torch.equal(narrow.inverse, group_voxels(cells).inverse)


def test_offsets_count_through_the_patch_with_the_last_axis_fastest():
    axis = torch.arange(-5, 10)
    cells = torch.cartesian_prod(axis, axis, axis)
    patches = group_voxels(cells.div(5, rounding_mode="floor"))
    offsets = patch_offsets(cells, 5)
    inside = cells - 5 * patches.cell[patches.inverse]
    assert torch.equal(offsets, inside[:, 0] * 25 + inside[:, 1] * 5 + inside[:, 2])
    assert torch.equal(offsets.bincount(), torch.full((125,), 27))


def test_a_voxel_averages_its_points():
    points = uniform(400)
    voxels = group_voxels(voxel_cells(points, 0.25))
    mean = segment_reduce(points, voxels.row_ptr, "mean", voxels.order)
    assert torch.equal(voxel_cells(mean, 0.25), voxels.cell)


def test_voxels_compile_without_graph_breaks():
    def tokens(points, ptr):
        cells = voxel_cells(points, 0.1)
        patches = group_voxels(cells.div(5, rounding_mode="floor"), ptr)
        return patches.cell, patches.graph, patches.inverse, patch_offsets(cells, 5)

    compiled = torch.compile(tokens, fullgraph=True, backend="aot_eager")
    for points, ptr in ((uniform(100), [0, 30, 100]), (uniform(70), [0, 70, 70])):
        ptr = torch.tensor(ptr)
        for ours, expected in zip(compiled(points, ptr), tokens(points, ptr), strict=True):
            assert torch.equal(ours, expected)


@pytest.mark.parametrize("cells", [[[-(2**63), 0], [2**63 - 1, 0]], [[0, 0], [2**32, 2**32]]])
def test_cells_too_far_apart_are_refused(cells):
    with pytest.raises(DataError, match="cells must span at most 63 bits"):
        group_voxels(torch.tensor(cells))


@pytest.mark.parametrize("coordinate", [torch.nan, torch.inf, -1e30])
def test_points_beyond_every_cell_are_refused(coordinate):
    with pytest.raises(DataError, match="points must be finite and within"):
        voxel_cells(torch.tensor([[0.0, coordinate]]), 1.0)


REFUSED = {
    "size must be positive": lambda: voxel_cells(uniform(3), 0.0),
    "one number or 3": lambda: voxel_cells(uniform(3), (1.0, 2.0)),
    "points must be float32": lambda: voxel_cells(scattered(3, 4), 1.0),
    "width must be at least 1": lambda: patch_offsets(scattered(3, 4), 0),
    "cells must be integers": lambda: group_voxels(uniform(3)),
    "ptr must never fall": lambda: group_voxels(scattered(3, 4), torch.tensor([0, 3, 1, 3])),
    "ptr must run from 0 to 3": lambda: group_voxels(scattered(3, 4), torch.tensor([0, 4])),
    "ptr needs the end": lambda: group_voxels(scattered(3, 4), torch.zeros(0).long()),
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_bad_argument_is_refused(message):
    with pytest.raises(ShapeError, match=message):
        REFUSED[message]()
