import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern, sparse_attention
from graphformers.kernels.attention.cases import WIDTH_CASES, Widths, attention_inputs
from graphformers.kernels.attention.reference import (
    AttentionSettings,
    AttentionTensors,
    attention_reference,
)
from graphformers.kernels.pattern_cases import PATTERN_CASES, random_pattern

# Two orders of adding the same numbers, relative to their size.
CLOSE = {torch.float32: 2e-5, torch.float64: 1e-11}
ODD = WIDTH_CASES["odd"]


def reference(query, key, value, pattern, bias=None, scale=1.0):
    tensors = AttentionTensors(query, key, value, bias=bias)
    return attention_reference(tensors, AttentionSettings(scale=scale), pattern).out


def run(attend, inputs, *pattern_and_options):
    """Output and the gradient of every input by name, for one fixed gradient of the output."""
    out = attend(*inputs[:3], *pattern_and_options)
    generator = torch.Generator().manual_seed(7)
    grad_out = torch.randn(out.shape, dtype=out.dtype, generator=generator)
    names = [name for name in inputs._fields if getattr(inputs, name) is not None]
    grads = torch.autograd.grad(out, [getattr(inputs, name) for name in names], grad_out)
    return {"out": out, **dict(zip(names, grads, strict=True))}


@pytest.mark.parametrize("with_bias", [False, True], ids=["no bias", "bias"])
@pytest.mark.parametrize("widths", WIDTH_CASES.values(), ids=WIDTH_CASES)
def test_output_and_every_gradient_equal_the_reference(pattern, widths, dtype, with_bias):
    inputs = attention_inputs(pattern, widths, dtype, with_bias)
    ours = run(sparse_attention, inputs, pattern, inputs.bias)
    scale = widths.dim**-0.5
    expected = run(reference, inputs, pattern, inputs.bias, scale)
    for name, tensor in expected.items():
        close = CLOSE[dtype]
        torch.testing.assert_close(
            ours[name], tensor, rtol=close, atol=close, msg=lambda text, name=name: name + text
        )


@pytest.mark.parametrize("with_bias", [False, True], ids=["no bias", "bias"])
def test_first_and_second_derivatives_are_right(with_bias):
    pattern = random_pattern(3, 4, 6)
    inputs = attention_inputs(pattern, ODD, with_bias=with_bias)
    tensors = [tensor for tensor in inputs if tensor is not None]

    def attend(query, key, value, bias=None):
        return sparse_attention(query, key, value, pattern, bias)

    assert torch.autograd.gradcheck(attend, tensors)
    assert torch.autograd.gradgradcheck(attend, tensors, fast_mode=True)


@st.composite
def shuffled_graphs(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, int, int]:
    targets, sources = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    pairs = st.tuples(st.integers(0, sources - 1), st.integers(0, targets - 1))
    edges = draw(st.lists(pairs, max_size=30, unique=True))
    order = draw(st.permutations(range(len(edges))))
    edge_index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    return edge_index, torch.tensor(order, dtype=torch.int64), targets, sources


@given(shuffled_graphs())
def test_the_order_of_the_edges_changes_no_bit(drawn):
    edge_index, order, targets, sources = drawn
    sizes = {"num_targets": targets, "num_sources": sources}
    pattern = SparsePattern.from_edge_index(edge_index, **sizes)
    shuffled = SparsePattern.from_edge_index(edge_index[:, order], **sizes)
    inputs = attention_inputs(pattern, ODD)
    moved = inputs._replace(bias=inputs.bias.detach()[order].requires_grad_())
    first = run(sparse_attention, inputs, pattern, inputs.bias)
    second = run(sparse_attention, moved, shuffled, moved.bias)
    second["bias"] = torch.empty_like(second["bias"]).index_copy(0, order, second["bias"])
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@given(shuffled_graphs())
def test_drawn_graphs_equal_the_reference(drawn):
    edge_index, _, targets, sources = drawn
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=targets, num_sources=sources)
    inputs = attention_inputs(pattern, ODD)
    ours = run(sparse_attention, inputs, pattern, inputs.bias, 0.7)
    expected = run(reference, inputs, pattern, inputs.bias, 0.7)
    for name, tensor in expected.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("chunked")
def test_threads_and_repetition_change_no_bit(pattern, dtype, monkeypatch):
    inputs = attention_inputs(pattern, ODD, dtype)
    chunked = run(sparse_attention, inputs, pattern, inputs.bias)
    again = run(sparse_attention, inputs, pattern, inputs.bias)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    whole = run(sparse_attention, inputs, pattern, inputs.bias)
    for name, tensor in chunked.items():
        assert torch.equal(tensor, again[name]), name
        assert torch.equal(tensor, whole[name]), name


def test_a_row_without_edges_gives_zeros():
    pattern = PATTERN_CASES["isolated nodes"]()
    inputs = attention_inputs(pattern, ODD)
    results = run(sparse_attention, inputs, pattern, inputs.bias)
    empty = pattern.row_ptr.diff() == 0
    assert empty.any()
    assert not results["out"][empty].any()
    assert not results["query"][empty].any()


def test_a_masked_edge_is_as_good_as_none():
    pattern = random_pattern(6, 5, 20)
    inputs = attention_inputs(pattern, ODD)
    kept = pattern.edge_index[1] != 2
    kept[::3] = False
    mask = torch.where(kept, 0.0, -torch.inf).to(torch.float64).unsqueeze(1).repeat(1, ODD.heads)
    masked = run(sparse_attention, inputs._replace(bias=None), pattern, mask)
    fewer = SparsePattern.from_edge_index(pattern.edge_index[:, kept], num_targets=6, num_sources=5)
    without = run(sparse_attention, inputs._replace(bias=None), fewer)
    for name, tensor in without.items():
        assert torch.equal(tensor, masked[name]), name


def test_a_constant_added_to_the_logits_of_a_row_changes_nothing():
    pattern = random_pattern(6, 5, 20)
    inputs = attention_inputs(pattern, ODD, with_bias=False)
    bias = torch.full((20, ODD.heads), 300.0, dtype=torch.float64)
    shifted = sparse_attention(*inputs[:3], pattern, bias)
    torch.testing.assert_close(shifted, sparse_attention(*inputs[:3], pattern))


def test_not_a_number_is_never_hidden():
    pattern = random_pattern(6, 5, 20)
    query, key, value, _ = attention_inputs(pattern, ODD)
    key = key.detach().clone()
    key[1] = torch.nan
    out = sparse_attention(query, key, value, pattern)
    reached = torch.zeros(6, dtype=torch.bool)
    reached[pattern.edge_index[1][pattern.edge_index[0] == 1]] = True
    assert torch.equal(out.isnan().all(-1).all(-1), reached)


def test_inputs_need_not_be_contiguous():
    pattern = random_pattern(6, 6, 20)
    packed = torch.randn(6, ODD.heads, 3 * ODD.dim, dtype=torch.float64)
    query, key, value = packed.chunk(3, dim=-1)
    bias = torch.randn(ODD.heads, 20, dtype=torch.float64).T
    straight = (tensor.contiguous() for tensor in (query, key, value))
    ours = sparse_attention(query, key, value, pattern, bias)
    assert torch.equal(ours, sparse_attention(*straight, pattern, bias.contiguous()))


def test_only_the_gradients_asked_for_are_given():
    pattern = random_pattern(6, 5, 20)
    query, key, value, bias = attention_inputs(pattern, ODD)
    out = sparse_attention(query.detach(), key.detach(), value, pattern, bias.detach())
    out.sum().backward()
    assert value.grad is not None
    assert query.grad is None
    assert bias.grad is None


def test_graphs_of_a_batch_do_not_see_each_other():
    pattern = SparsePattern.complete(torch.tensor([0, 3, 8]))
    inputs = attention_inputs(pattern, ODD, with_bias=False)
    out = sparse_attention(*inputs[:3], pattern)
    for grad in torch.autograd.grad(out[:3].sum(), inputs[:3]):
        assert grad[:3].any()
        assert not grad[3:].any()


def bad_calls():
    zeros = torch.zeros
    good = {"query": zeros(6, 2, 3), "key": zeros(5, 2, 3), "value": zeros(5, 2, 4)}
    yield {**good, "query": zeros(5, 2, 3)}, r"query must be \(targets, heads, dim\) = \(6, 2, 3\)"
    yield {**good, "key": zeros(5, 2, 4)}, r"key must be .* = \(5, 2, 3\); got \(5, 2, 4\)"
    yield {**good, "value": zeros(5, 1, 4)}, "value must be"
    yield {**good, "value": zeros(5, 4)}, r"must be \(nodes, heads, channels\)"
    yield {**good, "bias": zeros(3, 2)}, r"bias must be \(edges, heads\) = \(20, 2\)"
    yield {**good, "key": zeros(5, 2, 3).double()}, "key must have the dtype of query"
    yield {**good, "bias": zeros(20, 2).double()}, "bias must have the dtype of query"
    yield {**good, "query": zeros(6, 2, 0), "key": zeros(5, 2, 0)}, "need a head and a channel"
    whole = {name: tensor.long() for name, tensor in good.items()}
    yield whole, "query must be float32 or float64, or .*; got torch.int64"


@pytest.mark.parametrize(("tensors", "message"), bad_calls())
def test_tensors_that_do_not_fit_are_refused(tensors, message):
    with pytest.raises(ShapeError, match=message):
        sparse_attention(pattern=random_pattern(6, 5, 20), **tensors)


def test_memory_kept_for_backward_grows_with_nodes_not_with_edges():
    widths = Widths(2, 3, 5)

    def kept(edges: int) -> int:
        pattern = random_pattern(16, 16, edges)
        pattern_tensors = {
            tensor.data_ptr()
            for one in (pattern, pattern.transposed)
            for tensor in (one.row_ptr, one.source, one.edge)
        }
        sizes: list[int] = []

        def pack(tensor):
            if tensor.data_ptr() not in pattern_tensors:
                sizes.append(tensor.numel())
            return tensor

        inputs = attention_inputs(pattern, widths, with_bias=False)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            sparse_attention(*inputs[:3], pattern)
        return sum(sizes)

    assert kept(10) == kept(1000) > 0
