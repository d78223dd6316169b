import itertools
import math
import os
import subprocess
import sys

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import MaxNeighbors, knn_neighbors, radius_neighbors, segment_reduce
from graphformers.kernels.neighbors.cases import CLOUD_CASES, clusters, near_walls, uniform
from graphformers.kernels.neighbors.reference import (
    draw,
    search_reference,
    squared_distances,
    wrap,
)
from graphformers.kernels.point_tree.reference import build_reference

SPACES = [2, 3]
TINY = 2**-13
# Central differences of a distance, relative to its size.
GRADIENT = 1e-6


def rows(neighbors):
    """Index sets and squared distances as lists; numpy's square root rounds correctly."""
    ends = neighbors.row_ptr.tolist()
    cuts = [slice(*pair) for pair in itertools.pairwise(ends)]
    index, distance = neighbors.index.tolist(), neighbors.distance.tolist()
    return [(index[cut], distance[cut]) for cut in cuts]


def rooted(reference, dtype):
    kind = np.float32 if dtype == torch.float32 else np.float64
    return [(found, np.sqrt(np.array(squared, kind)).tolist()) for found, squared in reference]


def brute_force(points, queries=None, *, radius=math.inf, most=2**31, keep=None, **options):
    """All pairs; ``options``: ptr, query_ptr, include_self, box."""
    box = options.get("box")
    period = None if box is None else points.new_tensor(box)
    places = points if queries is None else queries
    squared = squared_distances(wrap(places, period), wrap(points, period), period)
    allowed = squared <= torch.tensor(radius, dtype=points.dtype).square()
    if queries is None and not options.get("include_self", False):
        allowed &= ~torch.eye(len(points), dtype=torch.bool)
    if "ptr" in options:
        ends = options["ptr"][1:]
        graph = torch.searchsorted(ends, torch.arange(len(points)), right=True)
        query_ends = options.get("query_ptr", options["ptr"])[1:]
        query_graph = torch.searchsorted(query_ends, torch.arange(len(places)), right=True)
        allowed &= query_graph[:, None] == graph
    reference = search_reference(squared, allowed, squared if keep is None else keep, most)
    return rooted(reference, points.dtype)


def medium_radius(points):
    """About a dozen neighbours: the median distance to the twelfth."""
    if len(points) < 2:
        return 1.0
    squared = squared_distances(points, points, None)
    twelfth = squared.sort(1).values[:, min(12, len(points) - 1)].median().sqrt().item()
    return min(max(twelfth, 1e-15), 1e19)


@pytest.mark.parametrize("label", CLOUD_CASES)
@pytest.mark.parametrize("k", [1, 7, 100])
def test_nearest_neighbours_equal_brute_force_in_order_and_to_the_last_bit(label, k, dtype):
    points = CLOUD_CASES[label]().to(dtype)
    assert rows(knn_neighbors(points, k)) == brute_force(points, most=k)


@pytest.mark.parametrize("label", CLOUD_CASES)
@pytest.mark.parametrize("include_self", [False, True])
def test_radius_neighbours_equal_brute_force_in_order_and_to_the_last_bit(
    label, include_self, dtype
):
    points = CLOUD_CASES[label]().to(dtype)
    radius = medium_radius(points)
    ours = radius_neighbors(points, radius, include_self=include_self)
    assert rows(ours) == brute_force(points, radius=radius, include_self=include_self)


@pytest.mark.parametrize("space", SPACES)
def test_queries_of_their_own_find_every_point(space, dtype):
    points, queries = uniform(200, space).to(dtype), 1.5 * uniform(77, space, seed=1).to(dtype)
    queries[:5] = points[:5]
    assert rows(knn_neighbors(points, 9, queries)) == brute_force(points, queries, most=9)
    ours = radius_neighbors(points, 0.3, queries)
    assert rows(ours) == brute_force(points, queries, radius=0.3)


def kept_by(choice, squared, seed):
    orders = {"nearest": squared, "first": 0 * squared, "random": draw(seed, *squared.shape)}
    return orders[choice]


@pytest.mark.parametrize("choice", ["nearest", "first", "random"])
@pytest.mark.parametrize("most", [1, 5, 1000])
@pytest.mark.parametrize("label", ["uniform", "lattice of ties", "all the same", "clusters"])
def test_a_full_row_keeps_the_neighbours_of_its_choice(choice, most, label, dtype):
    points = CLOUD_CASES[label]().to(dtype)
    radius = 2 * medium_radius(points)
    keep = kept_by(choice, squared_distances(points, points, None), seed=11)
    ours = radius_neighbors(points, radius, max_neighbors=MaxNeighbors(most, choice, seed=11))
    assert rows(ours) == brute_force(points, radius=radius, most=most, keep=keep)


def test_a_plain_number_keeps_the_nearest():
    points = uniform(100)
    plain = radius_neighbors(points, 0.4, max_neighbors=5)
    assert rows(plain) == rows(radius_neighbors(points, 0.4, max_neighbors=MaxNeighbors(5)))


def test_random_choices_are_even():
    """All 80 points lie in the ball; chi-square with 79 degrees of freedom over 400 seeds."""
    points = 0.1 * uniform(80)
    counts = torch.zeros(80)
    for seed in range(400):
        kept = MaxNeighbors(8, "random", seed)
        counts += radius_neighbors(points, 1.0, points[:1], max_neighbors=kept).index.bincount(
            minlength=80
        )
    assert ((counts - 40).square() / 40).sum() < 126  # the 99.9 % quantile, about


SIZES = [[5, 0, 40, 1], [0, 0, 3], [0], [17, 16, 15], [1] * 30]


@pytest.mark.parametrize("sizes", SIZES)
def test_graphs_never_see_each_other(sizes, dtype):
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    points = uniform(int(ptr[-1]), 2).to(dtype)
    assert rows(knn_neighbors(points, 4, ptr=ptr)) == brute_force(points, most=4, ptr=ptr)
    ours = radius_neighbors(points, 0.5, ptr=ptr, include_self=True)
    assert rows(ours) == brute_force(points, radius=0.5, ptr=ptr, include_self=True)


@pytest.mark.parametrize("sizes", SIZES)
def test_queries_see_the_points_of_their_graph(sizes, dtype):
    ptr, query_ptr = torch.tensor([0, *sizes]).cumsum(0), torch.tensor([0, *sizes[::-1]]).cumsum(0)
    points, queries = uniform(int(ptr[-1])).to(dtype), uniform(int(ptr[-1]), seed=1).to(dtype)
    graphs = {"ptr": ptr, "query_ptr": query_ptr}
    ours = knn_neighbors(points, 3, queries, **graphs)
    assert rows(ours) == brute_force(points, queries, most=3, **graphs)
    ours = radius_neighbors(points, 0.4, queries, **graphs)
    assert rows(ours) == brute_force(points, queries, radius=0.4, **graphs)


@pytest.mark.parametrize("box", [(1.0, 1.0, 1.0), (1.0, 0.7, math.inf), (0.3, 5.0, 1.0)])
@pytest.mark.parametrize("radius", [0.1, 0.35, 0.5, 2.0])
def test_the_nearest_image_counts_in_a_periodic_box(box, radius, dtype):
    points = 3 * uniform(150).to(dtype) - 1  # inside and outside the box
    points[:10] = torch.tensor(0.0)
    points[10:20] = points.new_tensor(box).nan_to_num(posinf=1.0)
    ours = radius_neighbors(points, radius, box=box)
    assert rows(ours) == brute_force(points, radius=radius, box=box)
    assert rows(knn_neighbors(points, 11, box=box)) == brute_force(points, most=11, box=box)


def test_a_box_in_the_plane_has_two_periods(dtype):
    points = uniform(100, 2).to(dtype)
    ours = knn_neighbors(points, 6, box=(1.0, 1.0))
    assert rows(ours) == brute_force(points, most=6, box=(1.0, 1.0))


@st.composite
def clouds(draw_from):
    space = draw_from(st.sampled_from(SPACES))
    grid = st.integers(-3, 3).map(float)
    wild = st.floats(-1e3, 1e3, width=32) | st.floats(-TINY, TINY, width=32) | grid
    coordinate = draw_from(st.sampled_from([grid, wild]))
    points = draw_from(st.lists(st.lists(coordinate, min_size=space, max_size=space), max_size=40))
    return torch.tensor(points, dtype=torch.float32).reshape(-1, space)


@given(clouds(), st.integers(1, 50), st.booleans())
def test_any_cloud_gives_the_nearest_of_brute_force(points, k, include_self):
    ours = knn_neighbors(points, k, include_self=include_self)
    assert rows(ours) == brute_force(points, most=k, include_self=include_self)


@given(clouds(), st.floats(TINY, 1e3, width=32), st.integers(1, 10))
def test_any_cloud_gives_the_ball_of_brute_force(points, radius, most):
    assert rows(radius_neighbors(points, radius)) == brute_force(points, radius=radius)
    ours = radius_neighbors(points, radius, max_neighbors=most)
    assert rows(ours) == brute_force(points, radius=radius, most=most)


@given(clouds(), st.integers(0, 2**31))
def test_renumbering_the_points_renumbers_the_neighbours(points, seed):
    """As sets at equal distance: among equals the lower number comes first."""
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))
    renumbered = rows(radius_neighbors(points[order], 1.0))
    for new, old in enumerate(order.tolist()):
        found, distances = rows(radius_neighbors(points, 1.0))[old]
        again, same_distances = renumbered[new]
        assert same_distances == distances
        assert {int(order[point]) for point in again} == set(found)


def test_a_shift_that_rounds_nothing_changes_nothing():
    """Coordinates on a lattice of 1/64; a shift by a float32 far away keeps them exact."""
    points = torch.randint(0, 256, (200, 3), generator=torch.Generator().manual_seed(0)) / 64
    shifted = points + torch.tensor([512.0, -1024.0, 4096.0])
    assert rows(knn_neighbors(points, 10)) == rows(knn_neighbors(shifted, 10))


@pytest.mark.parametrize("cloud", [uniform, near_walls, clusters])
def test_threads_and_repetitions_change_no_bit(cloud, monkeypatch):
    points = cloud(20_000)
    results = []
    for threads in (1, 2, 4, 2):
        monkeypatch.setattr("torch.get_num_threads", lambda threads=threads: threads)
        nearest = knn_neighbors(points, 5)
        ball = radius_neighbors(points, medium_radius(points[:500]) / 4, max_neighbors=20)
        results.append((nearest.index, nearest.distance, ball.row_ptr, ball.index, ball.distance))
    for result in results[1:]:
        assert all(map(torch.equal, result, results[0]))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("box", [None, 1.0])
def test_distances_have_right_first_and_second_derivatives(space, box):
    points = uniform(9, space).double().requires_grad_()
    queries = uniform(5, space, seed=1).double().requires_grad_()
    periods = None if box is None else (box,) * space

    def between(points, queries):
        return knn_neighbors(points, 3, queries, box=periods).distance

    def among(points):
        return radius_neighbors(points, 0.6, box=periods).distance

    assert torch.autograd.gradcheck(between, (points, queries), rtol=GRADIENT)
    assert torch.autograd.gradcheck(among, points, rtol=GRADIENT)
    assert torch.autograd.gradgradcheck(between, (points, queries))
    assert torch.autograd.gradgradcheck(among, points)


def test_coinciding_points_have_no_gradient():
    points = torch.zeros(3, 3, requires_grad=True)
    knn_neighbors(points, 2).distance.sum().backward()
    assert torch.equal(points.grad, torch.zeros(3, 3))


def test_the_pattern_has_the_edges_of_the_rows():
    points, queries = uniform(60), uniform(20, seed=1)
    found = radius_neighbors(points, 0.5, queries)
    pattern = found.pattern
    assert (pattern.num_targets, pattern.num_sources) == (20, 60)
    assert torch.equal(pattern.edge_index, torch.stack([found.index, found.query]))
    assert torch.equal(pattern.row_ptr, found.row_ptr)
    for start, end in itertools.pairwise(pattern.row_ptr.tolist()):
        sources = pattern.source[start:end].tolist()
        assert sources == sorted(sources)


def test_full_rows_make_a_table():
    points = uniform(50)
    found = knn_neighbors(points, 4)
    index, distance = found.table(4)
    assert index.shape == distance.shape == (50, 4)
    assert torch.equal(index.flatten(), found.index)
    assert torch.equal(distance.flatten(), found.distance)


def test_a_table_with_short_rows_is_refused():
    with pytest.raises(ShapeError, match="a table of 4 neighbours needs 4 in every row"):
        knn_neighbors(uniform(3), 4).table(4)


FORKING = """
import os, numpy, torch
from graphformers.kernels import knn_neighbors
torch.set_num_threads(2)
points = torch.rand(20_000, 3)
expected = knn_neighbors(points, 4).index.numpy()
child = os.fork()
if child == 0:
    torch.set_num_threads(1)
    os._exit(0 if numpy.array_equal(knn_neighbors(points, 4).index.numpy(), expected) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_can_search():
    subprocess.run([sys.executable, "-c", FORKING], check=True, timeout=60)


class Graph(torch.nn.Module):
    """Rows whose lengths the points decide, used by another operation."""

    def forward(self, points, ptr):
        found = radius_neighbors(points, 0.4, ptr=ptr, max_neighbors=6)
        nearest = knn_neighbors(points, 3)
        return segment_reduce(found.distance, found.row_ptr, "mean"), nearest.table(3)[0]


def test_compiled_without_graph_breaks_finds_the_same_bits():
    compiled = torch.compile(Graph(), fullgraph=True, backend="aot_eager")
    for points, ptr in ((uniform(50), [0, 20, 50]), (uniform(80, seed=1), [0, 80])):
        points = points.requires_grad_()
        ptr = torch.tensor(ptr)
        for ours, expected in zip(compiled(points, ptr), Graph()(points, ptr), strict=True):
            assert torch.equal(ours, expected)


def test_trees_built_level_by_level_find_the_same(monkeypatch, dtype):
    """The plain-torch builder, which CUDA uses."""
    points, ptr = near_walls(500).to(dtype), torch.tensor([0, 3, 3, 350, 500])
    expected = knn_neighbors(points, 8, ptr=ptr)
    monkeypatch.setattr(
        "graphformers.kernels.point_tree.tree._build",
        build_reference,
    )
    found = knn_neighbors(points, 8, ptr=ptr)
    assert torch.equal(found.index, expected.index)
    assert torch.equal(found.distance, expected.distance)
