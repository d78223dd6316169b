import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import segment_reduce, segment_softmax
from graphformers.kernels.pattern_cases import PATTERN_CASES
from graphformers.kernels.segments.cases import CHANNEL_CASES, segment_values
from graphformers.kernels.softmax.reference import segment_softmax_reference

CLOSE = {torch.float32: 1e-5, torch.float64: 1e-12}


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


def test_softmax_has_right_first_and_second_derivatives():
    pattern = PATTERN_CASES["odd bipartite"]()
    values = segment_values(pattern.num_edges, (2,))

    def softmax(values):
        return segment_softmax(values, pattern.row_ptr, pattern.edge)

    assert torch.autograd.gradcheck(softmax, values)
    assert torch.autograd.gradgradcheck(softmax, values)


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
