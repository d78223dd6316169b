"""Weights of points: exact on a line, right on average in the plane and in space."""

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.layers import log_quadrature, point_volumes

ROUNDING = 1e-12


def batch_of(positions, edge_index=None, ptr=None, **more):
    return GraphBatch(
        x=positions,
        positions=positions,
        edge_index=torch.zeros(2, 0, dtype=torch.int64) if edge_index is None else edge_index,
        ptr=torch.tensor([0, len(positions)]) if ptr is None else ptr,
        **more,
    )


def trapezoid(times):
    """Half of the interval to every neighbour in time."""
    weight = {}
    ordered = sorted(times)
    for k, time in enumerate(ordered):
        before = time - ordered[k - 1] if k else 0.0
        after = ordered[k + 1] - time if k + 1 < len(ordered) else 0.0
        weight[time] = (before + after) / 2
    return torch.tensor([weight[time] for time in times], dtype=torch.float64)


def lattice(sides, steps):
    """Points of a regular lattice with the edges along its axes."""
    axes = [torch.arange(n, dtype=torch.float64) * h for n, h in zip(sides, steps, strict=True)]
    positions = torch.cartesian_prod(*axes)
    number = torch.arange(len(positions)).view(*sides)
    ends = []
    for axis, side in enumerate(sides):
        first, second = number.narrow(axis, 0, side - 1), number.narrow(axis, 1, side - 1)
        ends.append(torch.stack([first.flatten(), second.flatten()]))
    return positions, torch.cat(ends, dim=1)


def test_times_in_any_order_have_the_weights_of_the_trapezoid_rule():
    times = [0.3, 0.0, 2.0, 0.35, 1.1], [5.0, 4.0, 4.5]
    positions = torch.tensor([*times[0], *times[1]], dtype=torch.float64)[:, None]
    weights = log_quadrature(batch_of(positions, ptr=torch.tensor([0, 5, 8]))).exp()
    expected = torch.cat([trapezoid(one) for one in times])
    torch.testing.assert_close(weights, expected, atol=ROUNDING, rtol=0)


def test_a_point_alone_in_time_counts_once():
    positions = torch.tensor([[2.0], [1.0], [3.0]], dtype=torch.float64)
    weights = log_quadrature(batch_of(positions, ptr=torch.tensor([0, 1, 3]))).exp()
    assert weights.tolist() == [1.0, 1.0, 1.0]


def test_equal_times_stay_finite():
    assert log_quadrature(batch_of(torch.ones(4, 1))).isfinite().all()


@pytest.mark.parametrize("sides", [(4, 5), (3, 4, 5)])
def test_points_of_a_lattice_count_alike(sides):
    positions, edges = lattice(sides, [0.1] * len(sides))
    weights = log_quadrature(batch_of(positions, edges)).exp()
    torch.testing.assert_close(weights, torch.full_like(weights, 0.1 ** len(sides)))


def test_long_cells_count_by_their_area():
    long, long_edges = lattice((4, 4), (1.0, 0.01))
    square, square_edges = lattice((4, 4), (0.1, 0.1))
    inner = 5  # has four neighbours
    weights = [
        log_quadrature(batch_of(*one))[inner]
        for one in ((long, long_edges), (square, square_edges))
    ]
    torch.testing.assert_close(*weights, atol=ROUNDING, rtol=0)


def test_the_estimate_does_not_depend_on_other_cases():
    (first, edges), (second, others) = lattice((3, 4), (0.3, 0.1)), lattice((4, 4), (2.0, 5.0))
    alone = [log_quadrature(batch_of(*one)) for one in ((first, edges), (second, others))]
    both = torch.cat([first, second]), torch.cat([edges, others + len(first)], dim=1)
    together = log_quadrature(batch_of(*both, ptr=torch.tensor([0, 12, 28])))
    assert torch.equal(together, torch.cat(alone))


def test_a_point_without_edges_gets_what_its_case_has_on_average():
    positions, edges = lattice((3, 3), (0.5, 0.5))
    apart = torch.cat([positions, torch.full((1, 2), 9.0, dtype=torch.float64)])
    weights = log_quadrature(batch_of(apart, edges))
    torch.testing.assert_close(weights[-1], weights[0], atol=ROUNDING, rtol=0)


def test_a_case_without_edges_is_weighted_evenly():
    assert log_quadrature(batch_of(torch.randn(5, 3))).tolist() == [0.0] * 5


def test_points_that_coincide_stay_finite():
    edges = torch.tensor([[0, 1], [1, 2]])
    assert log_quadrature(batch_of(torch.zeros(3, 2), edges)).isfinite().all()


def test_given_weights_are_taken():
    given = torch.tensor([0.5, 2.0, 1.0])
    weights = log_quadrature(batch_of(torch.randn(3, 2), encodings={"quadrature": given}))
    assert torch.equal(weights, given.log())


def test_a_cloud_nine_times_as_dense_has_points_of_a_ninth_of_the_area():
    generator = torch.Generator().manual_seed(0)
    left = torch.rand(900, 2, generator=generator)
    right = torch.rand(100, 2, generator=generator) + torch.tensor([1.0, 0.0])
    weights = point_volumes(torch.cat([left, right]), torch.tensor([0, 1000]))
    ratio = float(weights[900:].log().mean().exp() / weights[:900].log().mean().exp())
    assert 7 < ratio < 11


def test_points_need_positions():
    batch = GraphBatch(
        x=torch.zeros(2, 1),
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        ptr=torch.tensor([0, 2]),
    )
    with pytest.raises(ShapeError, match="needs positions"):
        log_quadrature(batch)
