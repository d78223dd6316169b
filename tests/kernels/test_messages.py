import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern, edge_sum, gated_mean, rectified_sum
from graphformers.kernels.messages.cases import CHANNEL_CASES, message_inputs
from graphformers.kernels.messages.reference import (
    edge_sum_reference,
    gated_mean_reference,
    rectified_sum_reference,
)
from graphformers.kernels.pattern_cases import PATTERN_CASES, random_pattern

# Two orders of adding the same numbers, relative to their size.
CLOSE = {torch.float32: 2e-5, torch.float64: 1e-11}
HALF_CLOSE = 2e-2  # gradients of the same numbers, rounded on the way
EPSILON = 1e-6

# name: ours, its definition, and which of (at_target, at_source, at_edge) it takes
OPERATIONS = {
    "edge_sum": (edge_sum, edge_sum_reference, slice(0, 3)),
    "rectified_sum": (rectified_sum, rectified_sum_reference, slice(1, 3)),
    "gated_mean": (
        lambda value, logit, pattern: gated_mean(value, logit, pattern, EPSILON),
        lambda value, logit, pattern: gated_mean_reference(value, logit, pattern, EPSILON),
        slice(1, 3),
    ),
}


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest) -> tuple:
    return OPERATIONS[request.param]


def run(function, inputs, pattern):
    """Output and the gradient of every input, for one fixed gradient of the output."""
    out = function(*inputs, pattern)
    generator = torch.Generator().manual_seed(7)
    grad_out = torch.randn(out.shape, generator=generator).to(out.dtype)
    return out, *torch.autograd.grad(out, inputs, grad_out)


def assert_close(ours, expected, dtype):
    for one, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@pytest.mark.parametrize("dim", CHANNEL_CASES.values(), ids=CHANNEL_CASES)
def test_output_and_every_gradient_equal_the_reference(operation, pattern, dtype, dim):
    function, reference, taken = operation
    inputs = message_inputs(pattern, dim, dtype)[taken]
    assert_close(run(function, inputs, pattern), run(reference, inputs, pattern), dtype)


def test_first_and_second_derivatives_are_right(operation):
    function, _, taken = operation
    pattern = PATTERN_CASES["duplicate edges"]()
    inputs = message_inputs(pattern, 2)[taken]
    assert torch.autograd.gradcheck(lambda *given: function(*given, pattern), inputs)
    assert torch.autograd.gradgradcheck(lambda *given: function(*given, pattern), inputs)


@st.composite
def patterns(draw: st.DrawFn) -> SparsePattern:
    targets, sources = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    pairs = st.tuples(st.integers(0, sources - 1), st.integers(0, targets - 1))
    edges = torch.tensor(draw(st.lists(pairs, max_size=30)), dtype=torch.int64).reshape(-1, 2).T
    return SparsePattern.from_edge_index(edges, num_targets=targets, num_sources=sources)


@pytest.mark.parametrize("name", OPERATIONS)
@given(drawn=patterns())
def test_drawn_graphs_equal_the_reference(name, drawn):
    function, reference, taken = OPERATIONS[name]
    inputs = message_inputs(drawn, 3)[taken]
    assert_close(run(function, inputs, drawn), run(reference, inputs, drawn), torch.float64)


@pytest.mark.usefixtures("chunked")
def test_threads_and_repetition_change_no_bit(operation, pattern, dtype, monkeypatch):
    function, _, taken = operation
    inputs = message_inputs(pattern, 7, dtype)[taken]
    chunked, again = run(function, inputs, pattern), run(function, inputs, pattern)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    whole = run(function, inputs, pattern)
    for one, other, third in zip(chunked, again, whole, strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one, third)


@pytest.mark.parametrize("name", ["rectified_sum", "gated_mean"])
def test_a_target_without_edges_receives_nothing(name):
    function, _, taken = OPERATIONS[name]
    pattern = PATTERN_CASES["isolated nodes"]()
    out = function(*message_inputs(pattern, 5)[taken], pattern)
    empty = pattern.row_ptr.diff() == 0
    assert empty.any()
    assert not out[empty].any()
    assert out[~empty].any()


@pytest.mark.parametrize("name", ["rectified_sum", "gated_mean"])
def test_not_a_number_stays_in_the_rows_it_reaches(name):
    function, _, taken = OPERATIONS[name]
    pattern = random_pattern(6, 5, 20)
    at_source, at_edge = (one.detach() for one in message_inputs(pattern, 3)[taken])
    at_source[1] = torch.nan
    reached = torch.zeros(6, dtype=torch.bool)
    reached[pattern.edge_index[1][pattern.edge_index[0] == 1]] = True
    assert torch.equal(function(at_source, at_edge, pattern).isnan().all(-1), reached)


def test_extreme_gates_stay_finite(dtype):
    pattern = random_pattern(4, 4, 12)
    _, value, logit = message_inputs(pattern, 3, dtype)
    results = run(gated_mean, (value, (1e4 * logit).detach().requires_grad_()), pattern)
    assert all(one.isfinite().all() for one in results)


def test_inputs_need_not_be_contiguous(operation):
    function, _, taken = operation
    pattern = random_pattern(6, 6, 20)
    halves = [one.detach().chunk(2, dim=1)[1] for one in message_inputs(pattern, 6)]
    straight = [one.contiguous() for one in halves]
    turned = [one.T.contiguous().T for one in straight]
    expected = function(*straight[taken], pattern)
    assert torch.equal(function(*halves[taken], pattern), expected)
    assert torch.equal(function(*turned[taken], pattern), expected)


def test_only_the_gradients_asked_for_are_given(operation):
    function, _, taken = operation
    pattern = random_pattern(6, 5, 20)
    *others, last = message_inputs(pattern, 3)[taken]
    function(*(one.detach() for one in others), last, pattern).sum().backward()
    assert last.grad is not None


def test_the_edge_sum_is_a_linear_layer_over_the_concatenation():
    pattern = random_pattern(6, 5, 20)
    at_target, at_source, edge = message_inputs(pattern, 4)
    layer = torch.nn.Linear(12, 7).double()
    source, target = pattern.edge_index
    expected = layer(torch.cat([at_target[target], at_source[source], edge], dim=1))
    parts = layer.weight.split(4, dim=1)
    terms = [one @ part.T for one, part in zip((at_target, at_source, edge), parts, strict=True)]
    assert_close([edge_sum(*terms, pattern) + layer.bias], [expected], torch.float64)


HUB = 100_000  # sources of one target


def test_a_hub_is_summed_like_any_target(operation):
    function, reference, taken = operation
    spokes = torch.stack([torch.arange(HUB), torch.zeros(HUB, dtype=torch.int64)])
    pattern = SparsePattern.from_edge_index(spokes, num_targets=2, num_sources=HUB)
    inputs = message_inputs(pattern, 2)[taken]
    assert_close(run(function, inputs, pattern), run(reference, inputs, pattern), torch.float64)


def test_two_threads_may_call_at_once(operation):
    function, _, taken = operation
    pattern = random_pattern(200, 200, 5000)
    inputs = message_inputs(pattern, 8, torch.float32)[taken]
    alone = run(function, inputs, pattern)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda _: run(function, inputs, pattern), range(50)))
    for results in together:
        assert all(map(torch.equal, results, alone))


def test_compiled_code_serves_every_size(operation):
    function, _, taken = operation
    compiled = torch.compile(function, fullgraph=True, dynamic=True, backend="aot_eager")
    with torch._dynamo.config.patch(error_on_recompile=True):
        for edges in (20, 31, 57):
            pattern = random_pattern(edges // 2, edges // 5, edges)
            pattern.transposed  # noqa: B018  (outside the compiled code)
            inputs = message_inputs(pattern, 16)[taken]
            results = run(compiled, inputs, pattern), run(function, inputs, pattern)
            assert all(map(torch.equal, *results))


def test_exported_programs_give_the_same_bits(operation):
    function, _, taken = operation
    pattern = random_pattern(6, 5, 20)
    inputs = tuple(one.detach() for one in message_inputs(pattern, 3)[taken])

    class Module(torch.nn.Module):
        def forward(self, *given):
            return function(*given, pattern)

    exported = torch.export.export(Module(), inputs)
    assert torch.equal(exported.module()(*inputs), function(*inputs, pattern))


BROKEN_PATTERNS = """
import torch
from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern, edge_sum, gated_mean, rectified_sum
from graphformers.kernels.pattern_cases import random_pattern

good = random_pattern(6, 5, 20)
parts = {name: getattr(good, name) for name in ("row_ptr", "source", "edge")}
nodes, edges = torch.zeros(6, 3), torch.zeros(20, 3)
for name in parts:
    for value in (-1, 2**31, 2**62):
        broken = parts[name].clone()
        broken[2] = value
        pattern = SparsePattern(num_targets=6, num_sources=5, **{**parts, name: broken})
        for function, inputs in [
            (edge_sum, (nodes, nodes[:5], edges)),
            (rectified_sum, (nodes[:5], edges)),
            (gated_mean, (nodes[:5], edges)),
        ]:
            try:
                function(*inputs, pattern)
            except ShapeError:
                continue
            raise SystemExit(f"{function.__name__} took {value} in {name}")
"""


def test_broken_patterns_never_end_the_process():
    subprocess.run([sys.executable, "-c", BROKEN_PATTERNS], check=True, timeout=120)


def bad_calls():
    zeros = torch.zeros
    yield edge_sum, (zeros(5, 3), zeros(5, 3), zeros(20, 3)), r"at_target must be .* \(6, 3\)"
    yield rectified_sum, (zeros(6, 3), zeros(20, 3)), r"\(sources, dim\) = \(5, 3\); got \(6, 3\)"
    yield rectified_sum, (zeros(5, 3), zeros(19, 3)), r"\(edges, dim\) = \(20, 3\); got \(19, 3\)"
    yield gated_mean, (zeros(5, 4), zeros(20, 3)), r"\(sources, dim\) = \(5, 3\); got \(5, 4\)"
    yield gated_mean, (zeros(5, 3).int(), zeros(20, 3).int()), "float32 or float64, or bfloat16"
    yield gated_mean, (zeros(5, 3), zeros(20, 3).double()), "must have the dtype"


@pytest.mark.parametrize(("function", "tensors", "message"), bad_calls())
def test_tensors_that_do_not_fit_are_refused(function, tensors, message):
    with pytest.raises(ShapeError, match=message):
        function(*tensors, random_pattern(6, 5, 20))


def test_a_pattern_with_missing_nodes_is_refused():
    good = random_pattern(6, 5, 20)
    bad = SparsePattern(
        num_targets=6,
        num_sources=5,
        row_ptr=good.row_ptr,
        source=good.source + 2**40,
        edge=good.edge,
    )
    object.__setattr__(bad, "_transposed", good.transposed)
    with pytest.raises(ShapeError, match=r"source must lie in 0 \.\.\. 4"):
        rectified_sum(torch.zeros(5, 3), torch.zeros(20, 3), bad)


def test_nothing_over_edges_is_kept_but_the_inputs():
    pattern = random_pattern(16, 16, 1000)
    _, x, edge = message_inputs(pattern, 4)
    known = {edge.data_ptr()} | {
        tensor.data_ptr()
        for one in (pattern, pattern.transposed)
        for tensor in (one.row_ptr, one.source, one.edge)
    }
    kept: list[int] = []

    def pack(tensor):
        if tensor.data_ptr() not in known:
            kept.append(tensor.numel())
        return tensor

    for function in (rectified_sum, gated_mean):
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            function(x, edge, pattern)
    assert kept
    assert max(kept) < edge.numel()


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_half_precision_is_added_up_in_single(half, operation):
    ours, _, takes = operation
    pattern = random_pattern(9, 7, 40)
    inputs = [one.detach().to(half).requires_grad_() for one in message_inputs(pattern, 8)[takes]]
    wide = [one.detach().float().requires_grad_() for one in inputs]
    out, *grads = run(ours, inputs, pattern)
    expected, *expected_grads = run(ours, wide, pattern)
    assert out.dtype == half
    assert torch.equal(out, expected.to(half))
    for one, other in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(one, other.to(half), rtol=HALF_CLOSE, atol=HALF_CLOSE)
