import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import (
    MaxNeighbors,
    Neighbors,
    farthest_points,
    radius_neighbors,
    relative_waves,
    segment_reduce,
    supernode_neighbors,
)
from graphformers.kernels.neighbors.cases import uniform
from graphformers.kernels.pooling.reference import relative_waves_reference

# Two ways of computing a sine, absolute; an angle of the length differs by its rounding.
CLOSE = {torch.float32: 2e-6, torch.float64: 1e-14}
FREQUENCIES = 10000 ** -torch.linspace(0, 1, 5, dtype=torch.float64)


def cloud(space, dtype):
    points = uniform(60, space).to(dtype)
    supernodes = farthest_points(points, 11)
    return points, supernodes, supernode_neighbors(points, supernodes, 0.4)


@pytest.mark.parametrize("space", [2, 3])
@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_waves_equal_the_reference(space, scale, dtype):
    points, supernodes, rows = cloud(space, dtype)
    given = (points, points[supernodes])
    ours = relative_waves(*given, rows, scale * FREQUENCIES.to(dtype))
    expected = relative_waves_reference(
        *given, rows.row_ptr, rows.index, scale * FREQUENCIES.to(dtype)
    )
    tolerance = scale * CLOSE[dtype]
    torch.testing.assert_close(ours, expected, rtol=0, atol=tolerance)


def test_large_angles_keep_their_precision():
    points = torch.tensor([[0.0, 0.0], [123456.789, -98765.4321]], dtype=torch.float64)
    rows = radius_neighbors(points, 1e6)
    ours = relative_waves(points, points, rows, torch.tensor([1.0, 1e3], dtype=torch.float64))
    angles = points[1, 0] * torch.tensor([-1.0, -1e3], dtype=torch.float64)
    torch.testing.assert_close(ours[0, :2], angles.sin(), rtol=0, atol=1e-12)
    torch.testing.assert_close(ours[0, 2:4], angles.cos(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("space", [2, 3])
def test_waves_have_right_first_and_second_derivatives(space):
    points = uniform(9, space).double().requires_grad_()
    centres = uniform(3, space, seed=1).double().requires_grad_()
    rows = radius_neighbors(points.detach(), 0.6, centres.detach())

    def waves(points, centres):
        return relative_waves(points, centres, rows, FREQUENCIES[:2])

    assert torch.autograd.gradcheck(waves, (points, centres))
    assert torch.autograd.gradgradcheck(waves, (points, centres))


def test_a_supernode_is_its_own_nearest_neighbour(dtype):
    _, supernodes, rows = cloud(3, dtype)
    assert torch.equal(rows.index[rows.row_ptr[:-1]], supernodes)
    assert (rows.distance[rows.row_ptr[:-1]] == 0).all()


def test_rows_are_those_of_the_queries_at_the_supernodes():
    points, supernodes, rows = cloud(3, torch.float32)
    expected = radius_neighbors(points, 0.4, points[supernodes], max_neighbors=32)
    assert torch.equal(rows.index, expected.index)
    assert torch.equal(rows.row_ptr, expected.row_ptr)


def test_a_batch_of_two_pools_like_each_alone():
    points, ptr = uniform(100), torch.tensor([0, 40, 100])
    supernodes = farthest_points(points, 7, ptr=ptr)
    first_ones = MaxNeighbors(4, "first")
    together = supernode_neighbors(points, supernodes, 0.5, ptr=ptr, max_neighbors=first_ones)
    parts = [
        supernode_neighbors(points[:40], supernodes[:7], 0.5, max_neighbors=first_ones),
        supernode_neighbors(points[40:], supernodes[7:] - 40, 0.5, max_neighbors=first_ones),
    ]
    assert torch.equal(together.index, torch.cat([parts[0].index, parts[1].index + 40]))
    assert torch.equal(together.distance, torch.cat([part.distance for part in parts]))


def test_a_mean_commutes_with_a_linear_message():
    points, supernodes, rows = cloud(3, torch.float64)
    waves = relative_waves(points, points[supernodes], rows, FREQUENCIES)
    linear = torch.nn.Linear(waves.shape[1], 6, dtype=torch.float64)
    pooled = segment_reduce(linear(waves), rows.row_ptr, "mean")
    torch.testing.assert_close(linear(segment_reduce(waves, rows.row_ptr, "mean")), pooled)


@pytest.mark.usefixtures("chunked")
def test_chunks_change_no_bit(monkeypatch, dtype):
    points, supernodes, rows = cloud(3, dtype)
    given = (points, points[supernodes], rows, FREQUENCIES.to(dtype))
    chunked = relative_waves(*given)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    assert torch.equal(chunked, relative_waves(*given))


def test_pooling_compiles_without_graph_breaks():
    def pool(points, supernodes, ptr):
        rows = supernode_neighbors(points, supernodes, 0.3, ptr=ptr)
        waves = relative_waves(points, points[supernodes], rows, FREQUENCIES.float())
        return segment_reduce(waves, rows.row_ptr, "mean")

    compiled = torch.compile(pool, fullgraph=True, backend="aot_eager")
    points, ptr = uniform(50), torch.tensor([0, 20, 50])
    supernodes = farthest_points(points, 6, ptr=ptr)
    assert torch.equal(compiled(points, supernodes, ptr), pool(points, supernodes, ptr))


def test_a_row_of_numbers_out_of_range_is_refused():
    rows = Neighbors(
        row_ptr=torch.tensor([0, 1]),
        index=torch.tensor([7]),
        distance=torch.zeros(1),
        num_points=5,
    )
    with pytest.raises(ShapeError, match=r"index must lie in 0 \.\.\. 4; got 7"):
        relative_waves(uniform(5), uniform(1), rows, FREQUENCIES.float())


REFUSED = {
    "supernodes must lie in 0 ... 4": lambda p: supernode_neighbors(p, torch.tensor([5]), 1.0),
    "supernodes must be one axis": lambda p: supernode_neighbors(p, p[:, 0], 1.0),
    "supernodes must keep the order": lambda p: supernode_neighbors(
        p, torch.tensor([4, 0]), 1.0, ptr=torch.tensor([0, 2, 5])
    ),
    "centres must be": lambda p: relative_waves(p, p[:2], radius_neighbors(p, 1.0), p[0]),
    "the 5 searched": lambda p: relative_waves(p[:4], p, radius_neighbors(p, 1.0), p[0]),
    "frequencies must have the dtype": lambda p: relative_waves(
        p, p, radius_neighbors(p, 1.0), p[0].double()
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_bad_argument_is_refused(message):
    with pytest.raises(ShapeError, match=message):
        REFUSED[message](uniform(5))
