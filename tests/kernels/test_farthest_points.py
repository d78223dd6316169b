import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import DataError, ShapeError
from graphformers.kernels import farthest_points
from graphformers.kernels.farthest_points.reference import farthest_points_reference
from graphformers.kernels.neighbors.cases import CLOUD_CASES, clusters, near_walls, uniform


def greedy(points, count, start=0):
    positions = torch.nn.functional.pad(points, (0, 3 - points.shape[1]))
    return farthest_points_reference(positions, min(count, len(points)), start)


@pytest.mark.parametrize("label", CLOUD_CASES)
@pytest.mark.parametrize("count", [0, 1, 20, 1000])
def test_picks_are_the_greedy_ones(label, count, dtype):
    points = CLOUD_CASES[label]().to(dtype)
    assert torch.equal(farthest_points(points, count), greedy(points, count))


@pytest.mark.parametrize("sizes", [[30, 0, 1, 70], [0], [0, 5], [16, 32, 17]])
def test_every_graph_is_picked_from_alone(sizes, dtype):
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    points = uniform(int(ptr[-1])).to(dtype)
    parts = [first + greedy(points[first : first + size], 10)
             for first, size in zip(ptr[:-1].tolist(), sizes, strict=True)]  # fmt: skip
    assert torch.equal(farthest_points(points, 10, ptr=ptr), torch.cat(parts))


@given(st.integers(1, 60), st.integers(0, 2**40), st.sampled_from([uniform, near_walls, clusters]))
def test_a_seed_decides_the_start(size, seed, cloud):
    points = cloud(size)
    picks = farthest_points(points, size, seed=seed)
    assert torch.equal(picks, greedy(points, size, int(picks[0])))
    assert torch.equal(picks, farthest_points(points, size, seed=seed))
    assert sorted(picks.tolist()) == list(range(size))


def test_seeds_start_anywhere():
    points = uniform(10)
    assert {int(farthest_points(points, 1, seed=seed)) for seed in range(200)} == set(range(10))


def test_threads_change_no_bit(monkeypatch):
    points, ptr = clusters(5000), torch.tensor([0, 1000, 1000, 4000, 5000])
    picks = []
    for threads in (1, 2, 4):
        monkeypatch.setattr("torch.get_num_threads", lambda threads=threads: threads)
        picks.append(farthest_points(points, 300, ptr=ptr))
    assert torch.equal(picks[0], picks[1])
    assert torch.equal(picks[0], picks[2])


def test_picks_compile_without_graph_breaks():
    compiled = torch.compile(farthest_points, fullgraph=True, backend="aot_eager")
    points, ptr = uniform(40), torch.tensor([0, 4, 40])
    assert torch.equal(compiled(points, 9), farthest_points(points, 9))
    assert torch.equal(compiled(points, 9, ptr=ptr), farthest_points(points, 9, ptr=ptr))


def test_a_negative_count_is_refused():
    with pytest.raises(ShapeError, match="count must not be negative; got -1"):
        farthest_points(uniform(3), -1)


def test_points_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="points must be finite"):
        farthest_points(torch.full((3, 3), torch.nan), 2)


@pytest.mark.parametrize("ptr", [[0, 2], [0, 9, 3], [-1, 3]])
def test_a_wrong_ptr_is_refused(ptr):
    with pytest.raises(ShapeError, match="ptr must"):
        farthest_points(uniform(3), 2, ptr=torch.tensor(ptr))
