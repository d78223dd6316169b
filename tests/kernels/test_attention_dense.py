"""Small graphs as dense matrices give what the passes over single edges give."""

from dataclasses import replace

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern, sparse_attention
from graphformers.kernels.attention.dense_native import MOST_NODES

SIZES = (3, 1, 0, 17, 2, 5, 16, 1, 33, 3, MOST_NODES, 8)
SMALL = (3, 1, 0, 7, 2, 5, 4, 1, 6, 3, 2)
ROUNDING = {torch.float64: 1e-12, torch.float32: 2e-5}  # sums in another order
WIDTHS = {"even": (2, 16, 16), "odd": (3, 5, 3), "wide": (1, 64, 8)}  # heads, dim, dim_v


def drawn(
    sizes: tuple[int, ...], widths: tuple[int, int, int], dtype: torch.dtype
) -> tuple[SparsePattern, dict[str, torch.Tensor]]:
    pattern = SparsePattern.complete(torch.tensor([0, *sizes]).cumsum(0))
    generator = torch.Generator().manual_seed(0)
    heads, dim, dim_v = widths
    nodes, edges = pattern.num_targets, pattern.num_edges
    shapes = {
        "query": (nodes, heads, dim),
        "key": (nodes, heads, dim),
        "value": (nodes, heads, dim_v),
        "bias": (edges, heads),
        "gate": (edges, heads),
    }
    tensors = {
        name: torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()
        for name, shape in shapes.items()
    }
    return pattern, tensors


def results(pattern: SparsePattern, tensors: dict, **options: object) -> dict[str, torch.Tensor]:
    out = sparse_attention(pattern=pattern, **tensors, **options)
    grads = torch.autograd.grad((out * out.detach().cos()).sum(), list(tensors.values()))
    return {"out": out, **dict(zip(tensors, grads, strict=True))}


def assert_near(actual: dict, expected: dict) -> None:
    for name, one in expected.items():
        error = (actual[name] - one).abs().max()
        assert error <= ROUNDING[one.dtype] * one.abs().max(), name


@pytest.mark.parametrize("dtype", ROUNDING, ids=str)
@pytest.mark.parametrize("widths", WIDTHS.values(), ids=list(WIDTHS))
@pytest.mark.parametrize("score", ["dot", "l2"])
def test_result_and_every_gradient_are_those_of_single_edges(score, widths, dtype):
    pattern, tensors = drawn(SIZES, widths, dtype)
    expected = results(replace(pattern, blocks=None), tensors, score=score)
    assert_near(results(pattern, tensors, score=score), expected)


@pytest.mark.parametrize("left_out", [(), ("gate",), ("bias",), ("bias", "gate")], ids=str)
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_bias_gate_and_dropout_may_be_left_out(dropout, left_out):
    pattern, tensors = drawn(SMALL, WIDTHS["even"], torch.float64)
    for name in left_out:
        del tensors[name]
    options = {"dropout": dropout, "seed": 7}
    expected = results(replace(pattern, blocks=None), tensors, **options)
    assert_near(results(pattern, tensors, **options), expected)


def test_one_node_too_many_is_computed_edge_by_edge():
    pattern, tensors = drawn((MOST_NODES + 1, *SMALL), WIDTHS["even"], torch.float64)
    assert_near(results(pattern, tensors), results(replace(pattern, blocks=None), tensors))


def test_masked_edges_and_rows_give_zeros():
    pattern, tensors = drawn(SMALL, WIDTHS["even"], torch.float64)
    bias = torch.zeros(pattern.num_edges, 2, dtype=torch.float64)
    row = pattern.target == 4
    bias[row] = -torch.inf
    bias[0] = -torch.inf
    tensors["bias"] = bias.requires_grad_()
    dense = results(pattern, tensors)
    assert dense["out"][4].abs().max() == 0
    assert all(one.isfinite().all() for one in dense.values())
    assert_near(dense, results(replace(pattern, blocks=None), tensors))


def test_extreme_logits_stay_finite_and_what_is_no_number_stays_in_its_row():
    pattern, tensors = drawn(SMALL, WIDTHS["even"], torch.float32)
    query = tensors["query"].detach() * 1e4
    query[5] = torch.nan
    given = {name: one.detach() for name, one in tensors.items()} | {"query": query}
    out = sparse_attention(pattern=pattern, **given)
    assert out[5].isnan().all()
    assert out[torch.arange(len(out)) != 5].isfinite().all()


def test_the_number_of_threads_changes_no_bit():
    pattern, tensors = drawn(SIZES, WIDTHS["even"], torch.float32)
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            found.append(results(pattern, tensors))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(other[name], one) for name, one in found[0].items())


def test_blocks_that_are_not_complete_are_refused():
    nodes = 12
    ring = SparsePattern.from_edge_index(
        torch.stack([torch.arange(nodes).roll(1), torch.arange(nodes)]),
        num_targets=nodes,
        num_sources=nodes,
    )
    wrong = replace(ring, blocks=torch.tensor([*range(10), nodes]))
    query = torch.randn(nodes, 1, 4)
    with pytest.raises(ShapeError, match="points outside"):
        sparse_attention(query, query, query, wrong)
