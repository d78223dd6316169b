from concurrent.futures import ThreadPoolExecutor

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import segment_broadcast, segment_reduce
from graphformers.kernels.pattern_cases import PATTERN_CASES
from graphformers.kernels.segments.cases import CHANNEL_CASES, segment_values
from graphformers.kernels.segments.reference import (
    segment_broadcast_reference,
    segment_reduce_reference,
)

# Two orders of adding the same numbers, relative to their size.
CLOSE = {torch.float32: 1e-5, torch.float64: 1e-12}
ROUNDED = 2e-2  # a few roundings to bfloat16
REDUCTIONS = ["sum", "mean", "max", "min", "std"]


def assert_close(ours, expected, dtype):
    torch.testing.assert_close(ours, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@pytest.mark.parametrize(("channels", "dtype"), CHANNEL_CASES.values(), ids=CHANNEL_CASES)
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_reduction_and_its_gradient_equal_the_reference(pattern, reduce, channels, dtype):
    values = segment_values(pattern.num_edges, channels, dtype)
    given_grad = segment_values(pattern.num_targets, channels, dtype, seed=1).detach()
    ours = segment_reduce(values, pattern.row_ptr, reduce, pattern.edge)
    expected = segment_reduce_reference(values, pattern.row_ptr, reduce, pattern.edge)
    assert_close(ours, expected, dtype)
    (ours_grad,) = torch.autograd.grad(ours, values, given_grad)
    (expected_grad,) = torch.autograd.grad(expected, values, given_grad)
    assert_close(ours_grad, expected_grad, dtype)


@pytest.mark.parametrize(("channels", "dtype"), CHANNEL_CASES.values(), ids=CHANNEL_CASES)
def test_broadcast_and_its_gradient_equal_the_reference(pattern, channels, dtype):
    values = segment_values(pattern.num_targets, channels, dtype)
    given_grad = segment_values(pattern.num_edges, channels, dtype, seed=1).detach()
    ours = segment_broadcast(values, pattern.row_ptr, pattern.edge)
    rows = (pattern.row_ptr, pattern.edge, pattern.num_edges)
    expected = segment_broadcast_reference(values, *rows)
    assert torch.equal(ours, expected)
    (ours_grad,) = torch.autograd.grad(ours, values, given_grad)
    (expected_grad,) = torch.autograd.grad(expected, values, given_grad)
    assert_close(ours_grad, expected_grad, dtype)


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_reduction_has_right_first_and_second_derivatives(reduce):
    pattern = PATTERN_CASES["odd bipartite"]()
    values = segment_values(pattern.num_edges, (2,))

    def reduced(values):
        return segment_reduce(values, pattern.row_ptr, reduce, pattern.edge)

    assert torch.autograd.gradcheck(reduced, values)
    assert torch.autograd.gradgradcheck(reduced, values)


def test_broadcast_has_right_first_and_second_derivatives():
    pattern = PATTERN_CASES["odd bipartite"]()
    values = segment_values(pattern.num_targets, (2,))

    def broadcast(values):
        return segment_broadcast(values, pattern.row_ptr, pattern.edge)

    assert torch.autograd.gradcheck(broadcast, values)
    assert torch.autograd.gradgradcheck(broadcast, values)


@given(st.lists(st.integers(0, 5), max_size=12), st.sampled_from(REDUCTIONS))
def test_slots_in_order_need_no_order(sizes, reduce):
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    values = segment_values(int(ptr[-1]), (3,))
    ours = segment_reduce(values, ptr, reduce)
    assert_close(ours, segment_reduce_reference(values, ptr, reduce), torch.float64)
    assert torch.equal(ours, segment_reduce(values, ptr, reduce, torch.arange(len(values))))


def test_broadcast_reads_its_length_from_the_pointer():
    values = torch.tensor([[1.0], [2.0], [3.0]])
    assert segment_broadcast(values, torch.tensor([0, 2, 2, 3])).flatten().tolist() == [1, 1, 3]


def test_equal_extremes_share_the_gradient():
    values = torch.tensor([2.0, 5.0, 5.0, 5.0], requires_grad=True)
    segment_reduce(values, torch.tensor([0, 1, 4]), "max").sum().backward()
    assert torch.allclose(values.grad, torch.tensor([1, 1 / 3, 1 / 3, 1 / 3]))


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_not_a_number_is_never_hidden(reduce):
    values = torch.tensor([1.0, torch.nan, 2.0, 3.0, torch.nan, 4.0])
    reduced = segment_reduce(values, torch.tensor([0, 3, 4, 6]), reduce)
    assert reduced.isnan().tolist() == [True, False, True]


def test_values_need_not_be_contiguous(pattern, dtype):
    values = segment_values(5, (pattern.num_edges, 2), dtype).detach().transpose(0, 1)[:, ::2]
    ours = segment_reduce(values, pattern.row_ptr, "sum", pattern.edge)
    assert torch.equal(
        ours, segment_reduce(values.contiguous(), pattern.row_ptr, "sum", pattern.edge)
    )


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_chunks_change_no_bit(pattern, reduce, monkeypatch):
    values = segment_values(pattern.num_edges, (6,))
    chunked = segment_reduce(values, pattern.row_ptr, reduce, pattern.edge)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    assert torch.equal(chunked, segment_reduce(values, pattern.row_ptr, reduce, pattern.edge))


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_a_hundred_runs_on_any_number_of_threads_agree_in_every_bit(reduce, monkeypatch):
    pattern = PATTERN_CASES["several chunks"]()
    values = segment_values(pattern.num_edges, (6,), torch.float32)
    first = segment_reduce(values, pattern.row_ptr, reduce, pattern.edge)
    for run in range(100):
        monkeypatch.setattr("torch.get_num_threads", lambda run=run: 1 << run % 3)
        assert torch.equal(first, segment_reduce(values, pattern.row_ptr, reduce, pattern.edge))


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_a_hub_is_reduced_like_any_segment(reduce):
    values = segment_values(100_001, (2,))
    ptr = torch.tensor([0, 1, 100_001])
    ours = segment_reduce(values, ptr, reduce)
    assert_close(ours, segment_reduce_reference(values, ptr, reduce), torch.float64)


def test_two_threads_may_call_at_once():
    pattern = PATTERN_CASES["several chunks"]()
    values = segment_values(pattern.num_edges, (6,))
    alone = segment_reduce(values, pattern.row_ptr, "max", pattern.edge)
    with ThreadPoolExecutor(2) as pool:
        calls = [
            pool.submit(segment_reduce, values, pattern.row_ptr, "max", pattern.edge)
            for _ in range(50)
        ]
    assert all(torch.equal(call.result(), alone) for call in calls)


def test_an_order_of_the_wrong_length_is_refused():
    with pytest.raises(ShapeError, match=r"order must be \(items,\) = \(3,\); got \(2,\)"):
        segment_reduce(torch.zeros(3), torch.tensor([0, 3]), "sum", torch.arange(2))


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_half_precision_is_reduced_in_single(pattern, reduce, half):
    values = segment_values(pattern.num_edges, (6,), half)
    single = values.detach().float().requires_grad_()
    ours = segment_reduce(values, pattern.row_ptr, reduce, pattern.edge)
    expected = segment_reduce(single, pattern.row_ptr, reduce, pattern.edge)
    assert ours.dtype == half
    torch.testing.assert_close(ours.float(), expected, rtol=ROUNDED, atol=ROUNDED)
    ours.float().sum().backward()
    assert values.grad.isfinite().all()


def test_integers_are_refused():
    with pytest.raises(ShapeError, match="float32 or float64"):
        segment_reduce(torch.zeros(3, dtype=torch.int64), torch.tensor([0, 3]))


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ShapeError, match="'median'"):
        segment_reduce(torch.zeros(3), torch.tensor([0, 3]), "median")  # pyright: ignore


def test_32_bit_pointers_are_refused():
    with pytest.raises(ShapeError, match="ptr must be one axis of int64"):
        segment_reduce(torch.zeros(3), torch.tensor([0, 3], dtype=torch.int32))


@pytest.mark.parametrize("order", [[0, 1, 3], [0, -1, 2], [2**40, 0, 1]])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_an_order_that_names_missing_items_is_refused(order, reduce):
    with pytest.raises(ShapeError, match=r"order must lie in 0 \.\.\. 2"):
        segment_reduce(torch.zeros(3), torch.tensor([0, 3]), reduce, torch.tensor(order))


def test_segments_that_run_backwards_are_refused():
    with pytest.raises(ShapeError, match="ptr must never fall"):
        segment_reduce(torch.zeros(3), torch.tensor([0, 2**40, 3]))


def test_an_order_changed_in_place_is_looked_at_again():
    order = torch.arange(3)
    segment_reduce(torch.zeros(3), torch.tensor([0, 3]), "sum", order)
    order[1] = 7
    with pytest.raises(ShapeError, match="order must lie in"):
        segment_reduce(torch.zeros(3), torch.tensor([0, 3]), "sum", order)


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_extreme_values_stay_finite(reduce):
    values = torch.tensor([1e4, -1e4, 1e4, 3.0, 3.0], requires_grad=True)
    reduced = segment_reduce(values, torch.tensor([0, 3, 5, 5]), reduce)
    reduced.sum().backward()
    assert reduced.isfinite().all()
    assert values.grad.isfinite().all()


@pytest.mark.parametrize("ptr", [[0, 2], [0, 4], [1, 3]])
def test_segments_that_do_not_tile_the_items_are_refused(ptr):
    with pytest.raises(ShapeError, match="ptr must run from 0 to 3"):
        segment_reduce(torch.zeros(3), torch.tensor(ptr))


def test_a_broadcast_to_fewer_items_than_there_are_is_refused():
    with pytest.raises(ShapeError, match="ptr must run from 0 to 2"):
        segment_broadcast(torch.zeros(1), torch.tensor([0, 3]), items=2)
