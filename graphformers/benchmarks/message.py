"""Segment operations and fused messages beside scatter, DGL and plain torch.

Eight edges to a node, as in a mesh, in mesh order and in random order; forward and backward.
Segment sums and maxima take 64 channels, softmaxes 8, messages 64.
"""

import importlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch_geometric.nn import GINEConv
from torch_geometric.utils import scatter, softmax

from graphformers.benchmarks.workload import (
    OURS,
    Cost,
    Workload,
    forward_backward,
    optional_module,
)
from graphformers.kernels import (
    SparsePattern,
    edge_sum,
    gated_mean,
    rectified_sum,
    segment_reduce,
    segment_softmax,
)
from graphformers.kernels.messages.cases import message_inputs
from graphformers.kernels.messages.reference import (
    edge_sum_reference,
    gated_mean_reference,
    rectified_sum_reference,
)
from graphformers.kernels.pattern_cases import mesh_pattern, random_pattern
from graphformers.kernels.segments.reference import segment_reduce_reference
from graphformers.kernels.softmax.reference import segment_softmax_reference

SIZES = (1_600, 40_000, 640_000)
DEGREE = 8
DIM, HEADS = 64, 8
EPSILON = 1e-6
TOLERANCE = 1e-4
FLOAT_BYTES, INDEX_BYTES = 4, 8

Operation = Callable[..., Tensor]
Formulations = dict[str, Operation]
PLAIN, GEOMETRIC, DGL = "plain torch", "torch-geometric", "DGL"


def workloads(size: int) -> Iterator[Workload]:
    """Every operation on a mesh and on a random graph with as many edges."""
    nodes = size // DEGREE
    orders = {
        "mesh": mesh_pattern(nodes, DEGREE),
        "random": random_pattern(nodes, nodes, nodes * DEGREE),
    }
    for order, pattern in orders.items():
        at_target, at_source, at_edge = message_inputs(pattern, DIM, torch.float32)
        logits = at_edge.detach()[:, :HEADS].contiguous().requires_grad_()
        jobs = {
            "segment sum": (segment_sums(pattern), [at_edge]),
            "segment max": (segment_maxima(pattern), [at_edge]),
            "segment softmax": (softmaxes(pattern), [logits]),
            "edge sum": (edge_sums(pattern), [at_target, at_source, at_edge]),
            "GINE message": (rectified_sums(pattern), [at_source, at_edge]),
            "GatedGCN message": (gated_means(pattern), [at_source, at_edge]),
        }
        for operation, (formulations, inputs) in jobs.items():
            yield training(operation, order, pattern, formulations, inputs)


def training(
    operation: str,
    order: str,
    pattern: SparsePattern,
    formulations: Formulations,
    inputs: list[Tensor],
) -> Workload:
    """Forward and backward; every tensor is moved once a pass and every source number once."""
    out = formulations[OURS](*inputs).detach()
    grad = torch.randn(out.shape, generator=torch.Generator().manual_seed(0))
    numbers = out.numel() + sum(one.numel() for one in inputs)
    forward = {
        name: lambda formulation=formulation: formulation(*inputs)
        for name, formulation in formulations.items()
    }
    return Workload(
        operation=operation,
        order=order,
        size=pattern.num_edges,
        unit="edges",
        contenders={name: forward_backward(one, inputs, grad) for name, one in forward.items()},
        cost=Cost(bytes=2 * (FLOAT_BYTES * numbers + INDEX_BYTES * pattern.num_edges)),
        tolerance=TOLERANCE,
    )


def segment_sums(pattern: SparsePattern) -> Formulations:
    """Sum of the edges of every target."""
    ptr, order, target = pattern.row_ptr, pattern.edge, pattern.edge_index[1]
    formulations = {
        OURS: lambda values: segment_reduce(values, ptr, "sum", order),
        PLAIN: lambda values: segment_reduce_reference(values, ptr, "sum", order),
        GEOMETRIC: lambda values: scatter(values, target, 0, pattern.num_targets),
    }
    return with_dgl(
        formulations, pattern, lambda ops, graph: lambda edge: ops.copy_e_sum(graph, edge)
    )


def segment_maxima(pattern: SparsePattern) -> Formulations:
    """Maximum over the edges of every target; DGL's is infinite where there are none."""
    ptr, order, target = pattern.row_ptr, pattern.edge, pattern.edge_index[1]
    return {
        OURS: lambda values: segment_reduce(values, ptr, "max", order),
        PLAIN: lambda values: segment_reduce_reference(values, ptr, "max", order),
        GEOMETRIC: lambda values: scatter(values, target, 0, pattern.num_targets, "max"),
    }


def softmaxes(pattern: SparsePattern) -> Formulations:
    """Softmax over the edges of every target."""
    rows, target = (pattern.row_ptr, pattern.edge), pattern.edge_index[1]
    formulations = {
        OURS: lambda values: segment_softmax(values, *rows),
        PLAIN: lambda values: segment_softmax_reference(values, *rows),
        GEOMETRIC: lambda values: softmax(values, target, num_nodes=pattern.num_targets),
    }
    return with_dgl(
        formulations, pattern, lambda ops, graph: lambda edge: ops.edge_softmax(graph, edge)
    )


def edge_sums(pattern: SparsePattern) -> Formulations:
    """What both ends bring to an edge, and the edge itself."""
    formulations = {
        OURS: lambda target, source, edge: edge_sum(target, source, edge, pattern),
        PLAIN: lambda target, source, edge: edge_sum_reference(target, source, edge, pattern),
    }
    return with_dgl(
        formulations,
        pattern,
        lambda ops, graph: lambda target, source, edge: ops.u_add_v(graph, source, target) + edge,
    )


def rectified_sums(pattern: SparsePattern) -> Formulations:
    """The sum inside a GINE layer."""
    edge_index, targets = pattern.edge_index, pattern.num_targets
    layer = GINEConv(nn.Identity(), eps=-1.0)  # the layer's own (1 + eps) x vanishes

    def with_geometric(x: Tensor, edge: Tensor) -> Tensor:
        return layer(x, edge_index, edge, size=(pattern.num_sources, targets))

    formulations = {
        OURS: lambda x, edge: rectified_sum(x, edge, pattern),
        PLAIN: lambda x, edge: rectified_sum_reference(x, edge, pattern),
        GEOMETRIC: with_geometric,
    }
    return with_dgl(
        formulations,
        pattern,
        lambda ops, graph: (
            lambda x, edge: ops.copy_e_sum(graph, ops.u_add_e(graph, x, edge).relu())
        ),
    )


def gated_means(pattern: SparsePattern) -> Formulations:
    """The gated mean inside a GatedGCN layer."""
    (source, target), targets = pattern.edge_index, pattern.num_targets

    def with_geometric(value: Tensor, logit: Tensor) -> Tensor:
        gate = logit.sigmoid()
        total = scatter(gate * value[source], target, 0, targets)
        return total / (scatter(gate, target, 0, targets) + EPSILON)

    def with_graph(ops, graph) -> Operation:
        def mean(value: Tensor, logit: Tensor) -> Tensor:
            gate = logit.sigmoid()
            total = ops.u_mul_e_sum(graph, value, gate)
            return total / (ops.copy_e_sum(graph, gate) + EPSILON)

        return mean

    formulations = {
        OURS: lambda value, logit: gated_mean(value, logit, pattern, EPSILON),
        PLAIN: lambda value, logit: gated_mean_reference(value, logit, pattern, EPSILON),
        GEOMETRIC: with_geometric,
    }
    return with_dgl(formulations, pattern, with_graph)


def with_dgl(
    formulations: Formulations, pattern: SparsePattern, make: Callable[..., Operation]
) -> Formulations:
    """Add ``make(dgl.ops, graph)`` where DGL is installed."""
    if not optional_module("dgl"):
        return formulations
    dgl = importlib.import_module("dgl")
    graph = dgl.graph(tuple(pattern.edge_index), num_nodes=pattern.num_targets)
    return {**formulations, DGL: make(dgl.ops, graph)}
