"""What torch expects of an operator: schemas, shapes without data, compiling, exporting."""

import math

import pytest
import torch

from graphformers.kernels import (
    SparsePattern,
    random_walk_probabilities,
    segment_broadcast,
    segment_reduce,
    segment_softmax,
    sparse_attention,
)
from graphformers.kernels.attention.cases import (
    WIDTH_CASES,
    attention_backward_calls,
    attention_calls,
    attention_inputs,
)
from graphformers.kernels.eulerian.cases import EULERIAN_CASES
from graphformers.kernels.messages.cases import message_inputs
from graphformers.kernels.neighbors.cases import uniform
from graphformers.kernels.pattern_cases import random_pattern
from graphformers.kernels.random_walk.cases import WALK_CASES
from graphformers.kernels.segments.cases import segment_values
from graphformers.kernels.voxels.cases import CELL_CASES

TARGETS, SOURCES, EDGES = 7, 5, 23
WIDTHS = WIDTH_CASES["odd"]
PATTERN = random_pattern(TARGETS, SOURCES, EDGES)


def small_graphs() -> tuple:
    """Attention over complete graphs, which are visited as dense matrices."""
    pattern = SparsePattern.complete(torch.arange(0, 21, 2))
    tensors = (torch.randn(20, 2, 4, requires_grad=True) for _ in range(3))
    rows = (pattern.row_ptr, pattern.source, pattern.edge)
    settings = ("dot", 0.5, math.inf, 0.0, False, False)
    return *tensors, *[None] * 5, *settings, *rows, pattern.blocks, None, None, 2


def operator_calls():
    transposed = PATTERN.transposed
    rows = (PATTERN.row_ptr, PATTERN.source, PATTERN.edge)
    columns = (transposed.row_ptr, transposed.source, transposed.edge)
    values = segment_values(EDGES, (6,))
    ptr, order = PATTERN.row_ptr, PATTERN.edge
    ops = torch.ops.graphformers
    for arguments in attention_calls(PATTERN, WIDTHS):
        yield "sparse_attention", arguments
    for arguments in attention_backward_calls(PATTERN, WIDTHS):
        yield "sparse_attention_backward", arguments
    yield "sparse_attention", small_graphs()
    yield "segment_sum", (values, ptr, order)
    yield "segment_sum", (values, ptr, None)
    yield "segment_extreme", (values, ptr, order, True)
    peaks = ops.segment_extreme(values, ptr, order, True).detach()
    pull = segment_values(TARGETS, (6,))
    yield "segment_extreme_backward", (pull, values.detach(), peaks, ptr, order)
    yield "segment_broadcast", (segment_values(TARGETS, (6,)), ptr, order, EDGES)
    yield "segment_softmax", (values, ptr, order)
    yield "segment_softmax_backward", (values, values.detach().exp().requires_grad_(), ptr, order)
    yield "segment_logsumexp", (values, ptr, order)
    at_target, at_source, at_edge = message_inputs(PATTERN, 6)
    pair, both = (at_source, at_edge), (*rows, *columns)
    yield "edge_sum", (at_target, *pair, *both)
    yield "rectified_sum", (*pair, *both)
    yield "rectified_sum_backward", (at_target, *pair, *both)
    yield "gated_mean", (*pair, 1e-6, *both)
    mean = [one.detach() for one in ops.gated_mean(*pair, 1e-6, *both)]
    yield "gated_mean_backward", (at_target, *pair, *mean, 1e-6, *both)
    points, queries = uniform(9).requires_grad_(), uniform(4, seed=1)
    graphs = (torch.tensor([0, 3, 9]), torch.tensor([0, 4, 4]))
    yield "farthest_points", (points.detach(), 5, None, 3)
    yield "farthest_points", (points.detach(), 5, graphs[0], None)
    yield "voxel_cells", (points.detach(), [0.1, 0.2, 0.3])
    yield "group_voxels", CELL_CASES["graphs"]
    rows = (torch.tensor([0, 2, 2, 5, 6]), torch.tensor([0, 8, 3, 3, 1, 7]))
    yield "relative_waves", (points, queries, *rows, torch.tensor([0.5, 1.0, 2.0]))
    yield "neighbors", (points, None, None, None, None, math.inf, False, 3, 1, 0)
    yield "neighbors", (points, queries, *graphs, [1.0, 1.0, 1.0], 0.5, False, 3, 1, 0)
    yield "group", (PATTERN.source, SOURCES)
    yield "random_walk_probabilities", (*WALK_CASES["double edge"], 4)
    yield "eulerian_paths", (*EULERIAN_CASES["parts and graphs"], torch.arange(3), 7)
    walk_options = (4, True, True, torch.float64)
    yield "random_walk_pairs", (*WALK_CASES["double edge"], *walk_options)
    walk_pairs = random_pattern(3, 3, 5)
    walk_rows = (walk_pairs.row_ptr, walk_pairs.source, walk_pairs.edge)
    yield "random_walk_along", (*WALK_CASES["double edge"], *walk_rows, *walk_options)


@pytest.mark.parametrize(("name", "arguments"), operator_calls())
def test_operator_traces_and_compiles_as_torch_expects(name, arguments):
    torch.library.opcheck(getattr(torch.ops.graphformers, name), arguments)


class EveryOperation(torch.nn.Module):
    """Builds a pattern and uses all differentiable operations on it."""

    def forward(self, edge_index, query, key, value, bias):
        pattern = SparsePattern.from_edge_index(
            edge_index, num_targets=TARGETS, num_sources=SOURCES
        )
        weight = segment_softmax(bias, pattern.row_ptr, pattern.edge)
        out = sparse_attention(query, key, value, pattern, weight)
        peaks = segment_broadcast(out, pattern.row_ptr, pattern.edge)
        largest = segment_reduce(peaks, pattern.row_ptr, "max", pattern.edge)
        return largest + segment_reduce(peaks, pattern.row_ptr, "mean", pattern.edge)


def example():
    return PATTERN.edge_index, *attention_inputs(PATTERN, WIDTHS, torch.float32)


def out_and_grads(module, arguments):
    out = module(*arguments)
    return out, *torch.autograd.grad(out.square().sum(), arguments[1:])


def test_compiled_without_graph_breaks_gives_the_same_bits():
    arguments = example()
    compiled = torch.compile(EveryOperation(), fullgraph=True, backend="aot_eager")
    results = zip(
        out_and_grads(compiled, arguments),
        out_and_grads(EveryOperation(), arguments),
        strict=True,
    )
    for ours, expected in results:
        assert torch.equal(ours, expected)


def test_a_pattern_made_outside_can_be_passed_to_compiled_code():
    _, *inputs = example()
    attend = torch.compile(sparse_attention, fullgraph=True, backend="aot_eager")
    for pattern in (PATTERN, random_pattern(TARGETS, SOURCES, EDGES)):
        expected = sparse_attention(*inputs[:3], pattern, inputs[3])
        assert torch.equal(attend(*inputs[:3], pattern, inputs[3]), expected)


def test_exported_program_gives_the_same_numbers():
    arguments = example()
    exported = torch.export.export(EveryOperation(), arguments)
    # attention leaves the kernels there, so its sums run in another order
    torch.testing.assert_close(exported.module()(*arguments), EveryOperation()(*arguments))


def test_random_walks_compile_without_graph_breaks():
    edge_index, ptr = WALK_CASES["double edge"]
    compiled = torch.compile(random_walk_probabilities, fullgraph=True, backend="aot_eager")
    expected = random_walk_probabilities(edge_index, ptr, 4)
    assert torch.equal(compiled(edge_index, ptr, 4), expected)
