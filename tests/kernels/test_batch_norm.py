"""Batch normalisation by kernels is the formula, and its gradients are."""

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import batch_norm
from graphformers.kernels.batch_norm.reference import batch_norm_reference

ROUNDING = {torch.float64: 1e-11, torch.float32: 2e-5}  # sums in another order
SIZES = [(17, 16), (255, 5), (256, 16), (1000, 64), (3001, 48)]


def drawn(rows: int, dim: int, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = 3 + torch.randn(rows, dim, generator=generator, dtype=dtype)
    affine = torch.randn(2, dim, generator=generator, dtype=dtype)
    return [one.requires_grad_() for one in (x, *affine)]


def assert_near(actual: torch.Tensor, expected: torch.Tensor) -> None:
    assert (actual - expected).abs().max() <= ROUNDING[actual.dtype] * expected.abs().max()


@pytest.mark.parametrize("dtype", ROUNDING, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_rows_statistics_and_gradients_are_those_of_the_formula(size, dtype):
    given = drawn(*size, dtype)
    actual, expected = batch_norm(*given), batch_norm_reference(*given, 1e-5)
    for one, other in zip(actual, expected, strict=True):
        assert_near(one, other)
    weights = torch.randn_like(actual[0])
    found = (torch.autograd.grad((y[0] * weights).sum(), given) for y in (actual, expected))
    for mine, theirs in zip(*found, strict=True):
        assert_near(mine, theirs)


def test_both_derivatives_are_right():
    given = drawn(7, 3)
    assert torch.autograd.gradcheck(lambda *one: batch_norm(*one)[0], given)
    assert torch.autograd.gradgradcheck(lambda *one: batch_norm(*one)[0], given)


def test_data_need_no_gradient_for_the_second_derivatives_of_weights():
    x, *weights = drawn(7, 3)
    x.requires_grad_(False)
    assert torch.autograd.gradgradcheck(lambda *one: batch_norm(x, *one)[0], weights)


def test_a_large_mean_costs_no_digits():
    x, weight, bias = drawn(2048, 16, torch.float32)
    moved = (x.detach() + 1e4).requires_grad_()
    expected = batch_norm(moved.double(), weight.double(), bias.double())[0]
    assert (batch_norm(moved, weight, bias)[0] - expected).abs().max() < 1e-4


def test_the_number_of_threads_changes_no_bit():
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            given = drawn(5000, 64, torch.float32)
            out = batch_norm(*given)[0]
            results.append((out, *torch.autograd.grad(out.square().sum(), given)))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(*pair) for pair in zip(results[0], other, strict=True))


def test_what_is_no_number_stays_in_its_column():
    x, weight, bias = drawn(300, 16)
    with torch.no_grad():
        x[17, 3] = torch.nan
    out = batch_norm(x, weight, bias)[0]
    assert out[:, 3].isnan().all()
    assert out[:, torch.arange(16) != 3].isfinite().all()


def test_it_compiles_into_one_graph():
    compiled = torch.compile(batch_norm, fullgraph=True, dynamic=True, backend="eager")
    given = drawn(300, 16)
    for one, other in zip(compiled(*given), batch_norm(*given), strict=True):
        assert_near(one, other)


def test_parameters_of_another_width_are_refused():
    x, weight, bias = drawn(4, 8)
    with pytest.raises(ShapeError, match="weight"):
        batch_norm(x, weight[:5], bias)
