"""Random walks as structural encodings: return probabilities and relative probabilities."""

from typing import NamedTuple, cast

import torch
import warp as wp
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.random_walk.kernel import (
    LANES,
    pairs_kernel,
    pattern_kernel,
    return_kernel,
)
from graphformers.kernels.random_walk.transition import Transition, powers_on_pairs, transition
from graphformers.kernels.validation import check_indices


def random_walk_probabilities(
    edge_index: Int[Tensor, "2 edges"],
    ptr: Int[Tensor, " graphs_plus_1"],
    steps: int,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "nodes steps"]:
    r"""Probability that a walk from a node is back there after 1, 2, ..., ``steps`` steps.

    .. math:: y_{ik} = (P^k)_{ii}, \qquad P = D^{-1} A

    with :math:`A_{ij}` the number of edges from :math:`i` to :math:`j` and :math:`D` the number of
    edges that leave a node; a walk ends where none does. Edges stay inside their graph, nodes
    ``ptr[g]`` to ``ptr[g + 1]``. Computed in float64; no gradient.

    On the CPU the walks of a node visit only what lies within half the steps, and every thread
    needs 48 bytes per node of the batch: exact on large sparse graphs too.

    Source: Dwivedi et al. 2022, arXiv:2110.07875, eq. 8.
    """
    _check(edge_index, ptr, steps)
    return torch.ops.graphformers.random_walk_probabilities(edge_index, ptr, steps).to(dtype)


def relative_random_walk_probabilities(
    edge_index: Int[Tensor, "2 edges"],
    ptr: Int[Tensor, " graphs_plus_1"],
    steps: int,
    pattern: SparsePattern | None = None,
    *,
    identity: bool = True,
    symmetric: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "pairs channels"]:
    r"""Probability that a walk from the target of a pair is at its source after k steps.

    .. math:: y_{j \to i} = \bigl[I, P, P^2, \dots, P^K\bigr]_{ij}, \qquad P = D^{-1} A

    with :math:`K` ``steps``; without ``identity`` the first channel is left out. ``symmetric``
    walks with :math:`D^{-1/2} A D^{-1/2}` instead. For walks against the edges pass
    ``edge_index.flip(0)``.

    Rows follow the caller's edge order of ``pattern``, which is ``SparsePattern.complete(ptr)``
    when left out: edge features for attention over it. All pairs of small graphs need 16 bytes per
    pair beside the result (a little more where sizes are no multiple of 8). A pattern for a large
    graph says which pairs are wanted; walks then visit what lies within ``steps`` steps of a row,
    and every thread needs 24 bytes per node. Computed in float64; no gradient.

    Source: Ma et al. 2023, arXiv:2305.17589, eq. 1, with the pairs written as they do: source
    :math:`j`, target :math:`i`, value from :math:`i` to :math:`j`.
    """
    _check(edge_index, ptr, steps)
    options = (steps, identity, symmetric, dtype)
    if dtype not in WARP_SCALARS:
        raise ShapeError(f"dtype must be float32 or float64; got {dtype}")
    if pattern is None:
        return torch.ops.graphformers.random_walk_pairs(edge_index, ptr, *options)
    if pattern.num_targets != pattern.num_sources:
        ends = f"{pattern.num_targets} targets, {pattern.num_sources} sources"
        raise ShapeError(f"pattern must join the nodes of the graphs with themselves; got {ends}")
    rows = (pattern.row_ptr, pattern.source, pattern.edge)
    return torch.ops.graphformers.random_walk_along(edge_index, ptr, *rows, *options)


def _check(edge_index: Tensor, ptr: Tensor, steps: int) -> None:
    if edge_index.ndim != 2 or edge_index.shape[0] != 2:
        raise ShapeError(f"edge_index must be (2, edges); got {tuple(edge_index.shape)}")
    check_indices(ptr.device, ptr=ptr, source=edge_index[0])
    if steps < 0:
        raise ShapeError(f"steps must not be negative; got {steps}")


torch.library.define(
    "graphformers::random_walk_probabilities",
    "(Tensor edge_index, Tensor ptr, SymInt steps) -> Tensor",
)
_OPTIONS = "SymInt steps, bool identity, bool symmetric, ScalarType dtype"
torch.library.define(
    "graphformers::random_walk_pairs", f"(Tensor edge_index, Tensor ptr, {_OPTIONS}) -> Tensor"
)
torch.library.define(
    "graphformers::random_walk_along",
    f"(Tensor edge_index, Tensor ptr, Tensor row_ptr, Tensor source, Tensor edge, {_OPTIONS})"
    " -> Tensor",
)


@torch.library.impl("graphformers::random_walk_probabilities", "cpu")
def _return_on_cpu(edge_index: Tensor, ptr: Tensor, steps: int) -> Tensor:
    walk = transition(edge_index, ptr)
    leaving, entering = walk.leaving, walk.leaving.transposed
    both_ways = torch.equal(leaving.row_ptr, entering.row_ptr) and torch.equal(
        leaving.source, entering.source
    )
    back = (None, None) if both_ways else (entering.row_ptr, entering.source)
    out = torch.empty(walk.nodes, steps, dtype=torch.float64)
    arguments = (leaving.row_ptr, leaving.source, *back, walk.share, steps)
    _launch_workers(cast(wp.Kernel, return_kernel), walk, 2 if both_ways else 4, arguments, out)
    return out


@torch.library.impl("graphformers::random_walk_probabilities", "cuda")
def _return_on_cuda(edge_index: Tensor, ptr: Tensor, steps: int) -> Tensor:
    walk = transition(edge_index, ptr)
    every = torch.arange(walk.nodes, device=ptr.device)
    return powers_on_pairs(walk, every, every, steps)[:, 1:].contiguous()


@torch.library.register_fake("graphformers::random_walk_probabilities")
def _return_shape(edge_index: Tensor, ptr: Tensor, steps: int) -> Tensor:
    nodes = torch.library.get_ctx().new_dynamic_size()
    return edge_index.new_empty(nodes, steps, dtype=torch.float64)


@torch.library.impl("graphformers::random_walk_pairs", ("cpu", "cuda"))
def _pairs(edge_index, ptr, steps, identity, symmetric, dtype) -> Tensor:
    walk = transition(edge_index, ptr)
    blocks = _column_blocks(walk.sizes)
    rows = int(blocks.work_ptr[-1])
    work = torch.empty(2, rows, LANES, dtype=torch.float64, device=ptr.device)
    pairs = int(walk.sizes.square().sum())
    out = torch.empty(pairs, steps + identity, dtype=dtype, device=ptr.device)
    edges = (walk.leaving.row_ptr, walk.leaving.source)
    root = walk.degree.sqrt() if symmetric else None
    arguments = (*blocks, *edges, walk.share, root, steps, int(identity), work, out)
    kernel = pairs_kernel(WARP_SCALARS[dtype])
    launch_rows(kernel, blocks.work_ptr, 1, arguments, work=4 * out.numel())
    return out


@torch.library.register_fake("graphformers::random_walk_pairs")
def _pairs_shape(edge_index, ptr, steps, identity, symmetric, dtype) -> Tensor:
    pairs = torch.library.get_ctx().new_dynamic_size()
    return edge_index.new_empty(pairs, steps + identity, dtype=dtype)


@torch.library.impl("graphformers::random_walk_along", "cpu")
def _along_on_cpu(edge_index, ptr, row_ptr, source, edge, *options) -> Tensor:
    steps, identity, symmetric, dtype = options
    walk = transition(edge_index, ptr)
    _check_pattern(walk, row_ptr)
    root = walk.degree.sqrt() if symmetric else None
    out = torch.empty(source.shape[0], steps + identity, dtype=dtype)
    edges = (walk.leaving.row_ptr, walk.leaving.source, walk.share)
    arguments = (row_ptr, source, edge, *edges, root, steps, int(identity))
    _launch_workers(pattern_kernel(WARP_SCALARS[dtype]), walk, 2, arguments, out)
    return out


@torch.library.impl("graphformers::random_walk_along", "cuda")
def _along_on_cuda(edge_index, ptr, row_ptr, source, edge, *options) -> Tensor:
    steps, identity, symmetric, dtype = options
    walk = transition(edge_index, ptr)
    _check_pattern(walk, row_ptr)
    start = torch.arange(walk.nodes, device=ptr.device).repeat_interleave(row_ptr.diff())
    values = powers_on_pairs(walk, start, source, steps)
    if symmetric:
        ratio = (walk.degree[start] / walk.degree[source]).sqrt()
        values[:, 1:] *= ratio.masked_fill(walk.degree[source] == 0, 0.0).unsqueeze(1)
    values = values[:, 0 if identity else 1 :].to(dtype)
    return torch.empty_like(values).index_copy_(0, edge, values)


@torch.library.register_fake("graphformers::random_walk_along")
def _along_shape(edge_index, ptr, row_ptr, source, edge, *options) -> Tensor:
    steps, identity, _symmetric, dtype = options
    return edge_index.new_empty(source.shape[0], steps + identity, dtype=dtype)


def _check_pattern(walk: Transition, row_ptr: Tensor) -> None:
    nodes = row_ptr.shape[0] - 1
    if nodes != walk.nodes:
        raise ShapeError(f"pattern must join {walk.nodes} nodes, as many as ptr says; got {nodes}")


class _ColumnBlocks(NamedTuple):
    """Blocks of ``LANES`` columns, graph by graph; see ``pairs_kernel``."""

    work_ptr: Tensor
    first_node: Tensor
    first_column: Tensor
    first_pair: Tensor


def _column_blocks(sizes: Tensor) -> _ColumnBlocks:
    per_graph = (sizes + LANES - 1) // LANES
    total = int(per_graph.sum())

    def per_block(values: Tensor) -> Tensor:
        return values.repeat_interleave(per_graph, output_size=total)

    first_block = per_block(per_graph.cumsum(0) - per_graph)
    return _ColumnBlocks(
        work_ptr=torch.nn.functional.pad(per_block(sizes).cumsum(0), (1, 0)),
        first_node=per_block(sizes.cumsum(0) - sizes),
        first_column=LANES * (torch.arange(total, device=sizes.device) - first_block),
        first_pair=per_block(sizes.square().cumsum(0) - sizes.square()),
    )


def _launch_workers(
    kernel: wp.Kernel, walk: Transition, planes: int, arguments: tuple, out: Tensor
) -> None:
    """One row per thread: each has sparse vectors of its own."""
    workers = torch.get_num_threads()
    values = torch.zeros(workers, planes, walk.nodes, dtype=torch.float64)
    lists = torch.empty(workers, planes, walk.nodes + 2, dtype=torch.int32)
    everything = (*arguments, workers, values, lists, out)
    launch_rows(kernel, torch.arange(workers + 1), 1, everything, work=16 * out.numel())
