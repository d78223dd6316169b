"""Sparse attention beside everything a user could write or install instead.

Along edges, 16 to a node, in mesh order and in random order, and over all pairs inside molecules,
from many down to one, where the cost of a call shows. Forward and backward, but for FlexAttention,
which has no backward pass on a CPU.
"""

import importlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
from torch_geometric.utils import scatter, softmax

from graphformers.benchmarks.workload import (
    OURS,
    Contender,
    Cost,
    Workload,
    forward_backward,
    optional_module,
)
from graphformers.kernels import SparsePattern, sparse_attention
from graphformers.kernels.attention.cases import Widths, attention_inputs
from graphformers.kernels.pattern_cases import mesh_pattern, random_pattern

SIZES = (16_000, 160_000, 1_600_000)
DEGREE = 16
ON_EDGES = Widths(heads=8, dim=16, dim_v=16)
ON_PAIRS = Widths(heads=8, dim=8, dim_v=8)
ATOMS = (14, 37)  # fewest and most of one molecule
EDGES_PER_MOLECULE = 12_500  # so that the largest size stands beside 128 molecules
DENSE_NODES = 2_000  # a mask of more pairs takes more memory than it is worth
TOLERANCE = 1e-4
FLOAT_BYTES, INDEX_BYTES = 4, 8

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]


def workloads(size: int) -> Iterator[Workload]:
    """The same number of edges in two orders, and molecules in proportion."""
    nodes = size // DEGREE
    orders = {
        "mesh": distinct(mesh_pattern(nodes, DEGREE)),
        "random": distinct(random_pattern(nodes, nodes, nodes * DEGREE)),
    }
    for order, pattern in orders.items():
        yield training("attention", order, pattern, ON_EDGES)
        if nodes <= DENSE_NODES:
            yield inference("attention, forward", order, pattern, ON_EDGES)
    graphs = max(1, size // EDGES_PER_MOLECULE)
    atoms = torch.randint(*ATOMS, (graphs,), generator=torch.Generator().manual_seed(0))
    pairs = SparsePattern.complete(functional.pad(atoms.cumsum(0), (1, 0)))
    yield training("attention, all pairs", f"{graphs} molecules", pairs, ON_PAIRS)


def distinct(pattern: SparsePattern) -> SparsePattern:
    """Without repeated edges, which a mask cannot hold."""
    return SparsePattern.from_edge_index(
        pattern.edge_index.unique(dim=1),
        num_targets=pattern.num_targets,
        num_sources=pattern.num_sources,
    )


def training(operation: str, order: str, pattern: SparsePattern, widths: Widths) -> Workload:
    """Forward and backward."""
    torch.compiler.reset()  # compiled for every input anew, as it would be in a program of its own
    formulations = {
        OURS: ours(pattern),
        "torch-geometric": gathered(pattern),
        "torch-geometric, compiled": torch.compile(gathered(pattern), dynamic=False),
    }
    if optional_module("dgl"):
        formulations["DGL"] = with_dgl(pattern)
    if pattern.num_targets <= DENSE_NODES:
        formulations["dense, masked"] = masked(pattern)
    *inputs, _ = attention_inputs(pattern, widths, torch.float32, with_bias=False)
    grad = torch.ones(pattern.num_targets, widths.heads, widths.dim_v)
    return workload(
        operation,
        order,
        pattern,
        {
            name: forward_backward(lambda attend=attend: attend(*inputs), inputs, grad)
            for name, attend in formulations.items()
        },
        training_cost(pattern, widths),
    )


def inference(operation: str, order: str, pattern: SparsePattern, widths: Widths) -> Workload:
    """Forward alone, without gradients."""
    *tensors, _ = attention_inputs(pattern, widths, torch.float32, with_bias=False)
    inputs = [one.detach() for one in tensors]
    formulations = {OURS: ours(pattern), "dense, masked": masked(pattern), "flex": flex(pattern)}
    contenders = {
        name: lambda attend=attend: attend(*inputs) for name, attend in formulations.items()
    }
    return workload(operation, order, pattern, contenders, None)


def workload(
    operation: str,
    order: str,
    pattern: SparsePattern,
    contenders: dict[str, Contender],
    cost: Cost | None,
) -> Workload:
    """Contenders on one pattern, whose results must agree."""
    return Workload(
        operation=operation,
        order=order,
        size=pattern.num_edges,
        unit="edges",
        contenders=contenders,
        cost=cost,
        tolerance=TOLERANCE,
    )


def training_cost(pattern: SparsePattern, widths: Widths) -> Cost:
    """The least a forward and a backward pass can move and compute.

    Every node tensor is read or written once a pass and every source number once a direction; an
    edge takes one exponential a head, two products over the channels forward and four backward.
    """
    nodes = pattern.num_targets + pattern.num_sources
    width = widths.heads * (widths.dim + widths.dim_v)
    return Cost(
        bytes=3 * FLOAT_BYTES * nodes * width + 2 * INDEX_BYTES * pattern.num_edges,
        exponentials=pattern.num_edges * widths.heads,
        multiply_adds=3 * pattern.num_edges * width,
    )


def ours(pattern: SparsePattern) -> Attention:
    """One operator."""
    return lambda query, key, value: sparse_attention(query, key, value, pattern)


def gathered(pattern: SparsePattern) -> Attention:
    """Gather, softmax and scatter, as a torch-geometric layer does it."""
    source, target = pattern.edge_index
    targets = pattern.num_targets

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        logit = query.shape[-1] ** -0.5 * (query[target] * key[source]).sum(-1)
        weight = softmax(logit, target, num_nodes=targets)
        return scatter(weight.unsqueeze(-1) * value[source], target, 0, targets)

    return attend


def with_dgl(pattern: SparsePattern) -> Attention:
    """DGL's fused products and its edge softmax."""
    dgl = importlib.import_module("dgl")
    graph = dgl.graph(tuple(pattern.edge_index), num_nodes=pattern.num_targets)

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        logit = query.shape[-1] ** -0.5 * dgl.ops.u_dot_v(graph, key, query)
        return dgl.ops.u_mul_e_sum(graph, value, dgl.ops.edge_softmax(graph, logit))

    return attend


def masked(pattern: SparsePattern) -> Attention:
    """Torch's dense attention under a mask."""
    mask = adjacency(pattern)
    lonely = ~mask.any(1)[:, None, None]

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        heads_first = (one.transpose(0, 1) for one in (query, key, value))
        out = functional.scaled_dot_product_attention(*heads_first, attn_mask=mask)
        return out.transpose(0, 1).masked_fill(lonely, 0.0)

    return attend


def flex(pattern: SparsePattern) -> Attention:
    """FlexAttention under a block mask."""
    mask = adjacency(pattern)

    def visible(_batch: Tensor, _head: Tensor, target: Tensor, source: Tensor) -> Tensor:
        return mask[target, source]

    blocks = create_block_mask(visible, None, None, mask.shape[0], mask.shape[1], "cpu")
    compiled = torch.compile(flex_attention)

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        # FlexAttention wants a batch axis, then heads, then nodes
        query, key, value = (one.transpose(0, 1)[None] for one in (query, key, value))
        out: Tensor = compiled(query, key, value, block_mask=blocks)  # pyright: ignore[reportAssignmentType]
        return out[0].transpose(0, 1)

    return attend


def adjacency(pattern: SparsePattern) -> Tensor:
    """Which target sees which source, as a dense mask."""
    source, target = pattern.edge_index
    mask = torch.zeros(pattern.num_targets, pattern.num_sources, dtype=torch.bool)
    mask[target, source] = True
    return mask
