"""Attention that keeps the features instead of their projection gives the same numbers."""

import pytest
import torch

from graphformers.kernels import SparsePattern, self_attention, sparse_attention

HEADS, DIM = 2, 8
FEW, MANY = (3, 1, 5), (3, 1, 0, 5, 2, 4, 1, 2, 3, 2, 3)  # the latter are visited block by block
ROUNDING = 1e-12  # float64, sums in another order


def drawn(sizes: tuple[int, ...]) -> tuple[list[torch.Tensor], SparsePattern]:
    generator = torch.Generator().manual_seed(0)
    pattern = SparsePattern.complete(torch.tensor([0, *sizes]).cumsum(0))
    shapes = (sum(sizes), DIM), (3 * DIM, DIM), (3 * DIM,)
    tensors = [torch.randn(*one, generator=generator, dtype=torch.float64) for one in shapes]
    return [one.requires_grad_() for one in tensors], pattern


def projected_first(x, weight, bias, pattern, **options) -> torch.Tensor:
    query, key, value = torch.nn.functional.linear(x, weight, bias).chunk(3, dim=1)
    split = (one.unflatten(1, (HEADS, -1)) for one in (query, key, value))
    return sparse_attention(*split, pattern, **options).flatten(1)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("sizes", [FEW, MANY], ids=["few", "many"])
def test_it_equals_attention_of_projected_features(sizes, dropout):
    tensors, pattern = drawn(sizes)
    torch.manual_seed(1)
    actual = self_attention(*tensors, pattern, HEADS, dropout=dropout)
    torch.manual_seed(1)
    expected = projected_first(*tensors, pattern, dropout=dropout)
    weights = torch.randn_like(expected)
    for name, *pair in zip(
        ("out", "x", "weight", "bias"),
        (actual, *torch.autograd.grad((actual * weights).sum(), tensors)),
        (expected, *torch.autograd.grad((expected * weights).sum(), tensors)),
        strict=True,
    ):
        error = (pair[0] - pair[1]).abs().max()
        assert error <= ROUNDING * pair[1].abs().max(), name


@pytest.mark.parametrize("sizes", [FEW, MANY], ids=["few", "many"])
def test_both_derivatives_are_right(sizes):
    tensors, pattern = drawn(sizes)

    def attend(*given: torch.Tensor) -> torch.Tensor:
        return self_attention(*given, pattern, HEADS)

    assert torch.autograd.gradcheck(attend, tensors)
    assert torch.autograd.gradgradcheck(attend, tensors)


def test_data_need_no_gradient_for_the_second_derivatives_of_weights():
    (x, *weights), pattern = drawn(FEW)
    x.requires_grad_(False)
    assert torch.autograd.gradgradcheck(
        lambda *given: self_attention(x, *given, pattern, HEADS), weights
    )


def test_the_projection_is_not_kept():
    tensors, pattern = drawn(MANY)
    kept: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda one: kept.append(one) or one, lambda x: x):
        self_attention(*tensors, pattern, HEADS)
    given = {one.data_ptr() for one in tensors}
    made = [one.numel() for one in kept if one is not None and one.data_ptr() not in given]
    nodes = pattern.num_targets
    assert sorted(made) == [nodes * HEADS, nodes * DIM]  # a sum per head, and the result
