import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import segment_logsumexp, segment_reduce, segment_softmax
from graphformers.kernels.segments.cases import CHANNEL_CASES, segment_values
from graphformers.kernels.softmax.reference import (
    segment_logsumexp_reference,
    segment_softmax_reference,
)

CLOSE = {torch.float32: 1e-5, torch.float64: 1e-12}
EXPONENTIAL = 2e-6  # relative error of a float32 weight, whose logit has one, too


@pytest.mark.parametrize(("channels", "dtype"), CHANNEL_CASES.values(), ids=CHANNEL_CASES)
def test_softmax_and_its_gradient_equal_the_reference(pattern, channels, dtype):
    values = segment_values(pattern.num_edges, channels, dtype)
    given_grad = segment_values(pattern.num_edges, channels, dtype, seed=1).detach()
    ours = segment_softmax(values, pattern.row_ptr, pattern.edge)
    expected = segment_softmax_reference(values, pattern.row_ptr, pattern.edge)
    torch.testing.assert_close(ours, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])
    (ours_grad,) = torch.autograd.grad(ours, values, given_grad)
    (expected_grad,) = torch.autograd.grad(expected, values, given_grad)
    torch.testing.assert_close(ours_grad, expected_grad, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@pytest.mark.parametrize(("channels", "dtype"), CHANNEL_CASES.values(), ids=CHANNEL_CASES)
def test_logsumexp_and_its_gradient_equal_the_reference(pattern, channels, dtype):
    values = segment_values(pattern.num_edges, channels, dtype)
    ours = segment_logsumexp(values, pattern.row_ptr, pattern.edge)
    expected = segment_logsumexp_reference(values, pattern.row_ptr, pattern.edge)
    torch.testing.assert_close(ours, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])
    filled = pattern.row_ptr.diff() > 0  # the others give minus infinity
    (ours_grad,) = torch.autograd.grad(ours[filled].square().sum(), values)
    (expected_grad,) = torch.autograd.grad(expected[filled].square().sum(), values)
    torch.testing.assert_close(ours_grad, expected_grad, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@pytest.mark.parametrize("operation", [segment_softmax, segment_logsumexp])
def test_first_and_second_derivatives_are_right(operation):
    ptr, order = torch.tensor([0, 3, 5]), torch.tensor([4, 0, 2, 1, 3])
    values = segment_values(5, (2,))
    assert torch.autograd.gradcheck(lambda values: operation(values, ptr, order), values)
    assert torch.autograd.gradgradcheck(lambda values: operation(values, ptr, order), values)


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("operation", [segment_softmax, segment_logsumexp])
def test_half_precision_is_computed_in_single(operation, half):
    values = segment_values(5, (3,), half)
    ours = operation(values, torch.tensor([0, 3, 5]))
    assert ours.dtype == half
    assert torch.equal(ours, operation(values.float(), torch.tensor([0, 3, 5])).to(half))
    ours.float().sum().backward()
    assert values.grad.isfinite().all()


def test_the_exponential_is_right_over_its_whole_range():
    values = torch.linspace(-90, 0, 100_001)
    total = segment_logsumexp(values.double(), torch.tensor([0, 100_001]))
    weight = segment_softmax(values, torch.tensor([0, 100_001]))
    expected = (values.double() - total).exp()
    normal = expected > torch.finfo(torch.float32).tiny
    torch.testing.assert_close(weight[normal].double(), expected[normal], rtol=EXPONENTIAL, atol=0)


@pytest.mark.parametrize("operation", [segment_softmax, segment_logsumexp])
def test_not_a_number_stays_in_its_segment(operation):
    values = torch.tensor([1.0, torch.nan, 2.0, 3.0])
    ptr = torch.tensor([0, 2, 4])
    nan = operation(values, ptr).isnan()
    assert nan[: len(nan) // 2].all()
    assert not nan[len(nan) // 2 :].any()


def test_logsumexp_of_large_values_is_finite():
    values = torch.tensor([1e4, 1e4, -1e4, -1e4])
    total = segment_logsumexp(values, torch.tensor([0, 2, 4, 4]))
    expected = torch.tensor([1e4, -1e4, -torch.inf]) + torch.tensor(2.0).log()
    torch.testing.assert_close(total, expected)


def test_weights_of_a_segment_sum_to_one(pattern, dtype):
    weights = segment_softmax(
        segment_values(pattern.num_edges, (4,), dtype), pattern.row_ptr, pattern.edge
    )
    total = segment_reduce(weights, pattern.row_ptr, "sum", pattern.edge)
    full = pattern.row_ptr.diff() > 0
    torch.testing.assert_close(total[full], torch.ones_like(total[full]))


def test_large_values_do_not_overflow():
    weights = segment_softmax(torch.tensor([1e30, 1e30, -1e30, 5.0]), torch.tensor([0, 3, 4]))
    assert weights.tolist() == [0.5, 0.5, 0.0, 1.0]


def test_masked_items_weigh_nothing_and_have_no_gradient():
    values = torch.tensor([-torch.inf, 0.0, -torch.inf, -torch.inf], requires_grad=True)
    weights = segment_softmax(values, torch.tensor([0, 2, 4]))
    assert weights.tolist() == [0.0, 1.0, 0.0, 0.0]
    weights.square().sum().backward()
    assert values.grad.tolist() == [0.0, 0.0, 0.0, 0.0]


def test_two_runs_agree_in_every_bit(pattern):
    values = segment_values(pattern.num_edges, (4,), torch.float32)
    first = segment_softmax(values, pattern.row_ptr, pattern.edge)
    assert torch.equal(first, segment_softmax(values, pattern.row_ptr, pattern.edge))


def test_an_order_of_the_wrong_length_is_refused():
    with pytest.raises(ShapeError, match="order must be"):
        segment_softmax(torch.zeros(3), torch.tensor([0, 3]), torch.arange(4))
