"""Eulerian paths: graphs as sequences of steps that take every edge."""

from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import warp as wp
from jaxtyping import Bool, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.eulerian.kernel import eulerian_kernel, merge_kernel
from graphformers.kernels.eulerian.native import LARGEST_TABLE, TENSORS
from graphformers.kernels.grouping.op import group
from graphformers.kernels.launch import launch_once, launch_rows
from graphformers.kernels.validation import check_graphs, check_indices, check_shape


@dataclass(frozen=True, eq=False, kw_only=True)
class EulerianPaths:
    """One path per graph: steps ``ptr[g]`` to ``ptr[g + 1]``, each starting where the last ended.

    ``edge`` is the caller's number of the edge a step takes, -1 for a jump to another connected
    part. Where an edge was given in both directions it is the one that runs with the step, and
    ``opposite`` the other one; an edge given once has -1 there and may run against the step.
    """

    ptr: Int[Tensor, " graphs_plus_1"]
    steps: Int[Tensor, "2 steps"]  # row 0: the node a step leaves, row 1: the node it enters
    edge: Int[Tensor, " steps"]
    opposite: Int[Tensor, " steps"]

    @property
    def jump(self) -> Bool[Tensor, " steps"]:
        """Whether a step takes no edge."""
        return self.edge < 0


def eulerian_paths(
    edge_index: Int[Tensor, "2 edges"],
    ptr: Int[Tensor, " graphs_plus_1"],
    seed: int = 0,
    numbers: Int[Tensor, " graphs"] | None = None,
) -> EulerianPaths:
    r"""Random paths over all edges of every graph, with as few repeated as need be.

    Edges count as undirected: the n-th entry from i to j and the n-th one from j to i are one edge,
    and an edge given in one direction only is an edge too. In every connected part

    1. edges are doubled until all degrees are even: as few as possible where the part has at most
       16 odd nodes or 16 independent cycles (all but the largest molecules), else odd neighbours
       are joined in pairs and the rest along a spanning tree, in linear time;
    2. a closed walk takes every edge and copy once (Hierholzer), from a node drawn uniformly, at
       every node in random order, and is reversed with probability 1/2;
    3. what follows the first visit of the last edge is cut off.

    Parts follow one another in random order, joined by jumps, so that every node is visited; a
    graph of one node without edges has an empty path. The list of steps says all about the graph
    but the numbers of its nodes.

    A path depends on ``seed``, the graph and its entry in ``numbers`` (0, 1, ... when left out):
    neither on the rest of the batch nor on the number of threads. CUDA tensors are worked on by
    the CPU.

    Source: the sequences of GraphGPT, Zhao et al. 2024, arXiv:2401.00529; the fewest doubled edges
    are a minimum T-join, Edmonds and Johnson 1973. Ours loses neither edges given once nor isolated
    nodes.
    """
    if edge_index.ndim != 2 or edge_index.shape[0] != 2:
        raise ShapeError(f"edge_index must be (2, edges); got {tuple(edge_index.shape)}")
    check_indices(ptr.device, ptr=ptr, source=edge_index[0])
    if not -(2**63) <= seed < 2**63:
        raise ShapeError(f"seed must fit into 64 bits; got {seed}")
    if numbers is None:
        numbers = torch.arange(max(ptr.shape[0] - 1, 0), device=ptr.device)
    check_indices(ptr.device, numbers=numbers)
    check_shape("numbers", numbers, (ptr.shape[0] - 1,), "(graphs,)")
    results = torch.ops.graphformers.eulerian_paths(edge_index, ptr, numbers, seed)
    return EulerianPaths(ptr=results[0], steps=results[1], edge=results[2], opposite=results[3])


torch.library.define(
    "graphformers::eulerian_paths",
    "(Tensor edge_index, Tensor ptr, Tensor numbers, SymInt seed)"
    " -> (Tensor ptr, Tensor steps, Tensor edge, Tensor opposite)",
)


@torch.library.impl("graphformers::eulerian_paths", ("cpu", "cuda"))
def _paths(edge_index: Tensor, ptr: Tensor, numbers: Tensor, seed: int) -> tuple[Tensor, ...]:
    device = ptr.device
    edge_index, ptr, numbers = edge_index.cpu(), ptr.cpu(), numbers.cpu()
    check_graphs(edge_index, ptr)
    edges = _undirected(edge_index, int(ptr[-1]))
    tensors = _tensors(edges, ptr, numbers)
    _walk(tensors, seed)
    length, edge_ptr = tensors["length"], tensors["edge_ptr"]
    path_ptr = torch.nn.functional.pad(length.cumsum(0), (1, 0))
    gaps = 2 * edge_ptr[:-1] + ptr[:-1] - path_ptr[:-1]  # what graphs before left unused
    slots = torch.arange(int(path_ptr[-1])) + gaps.repeat_interleave(length)
    steps = torch.stack([tensors["step_from"][slots], tensors["step_to"][slots]])
    results = (path_ptr, steps, tensors["step_edge"][slots], tensors["step_opposite"][slots])
    return tuple(one.to(device) for one in results)


@torch.library.register_fake("graphformers::eulerian_paths")
def _shapes(edge_index: Tensor, ptr: Tensor, numbers: Tensor, seed: int) -> tuple[Tensor, ...]:
    steps = torch.library.get_ctx().new_dynamic_size()
    return ptr.new_empty(ptr.shape), *(ptr.new_empty(shape) for shape in ((2, steps), steps, steps))


class _Undirected(NamedTuple):
    """Undirected edges, sorted by their ends, and the caller's entries they were made of."""

    low: Tensor  # (edges,) int32
    high: Tensor
    upward: Tensor  # (edges,) entry from low to high, or -1
    downward: Tensor


def _undirected(edge_index: Tensor, nodes: int) -> _Undirected:
    low, high = edge_index.aminmax(dim=0)
    _, by_high = group(high, nodes)
    _, by_low = group(low[by_high], nodes)
    entries = edge_index.shape[1]
    ends = [torch.empty(entries, dtype=torch.int32) for _ in range(2)]
    origins = [torch.full((entries,), -1) for _ in range(2)]
    count = torch.zeros(1, dtype=torch.int64)
    source, target = edge_index.contiguous()
    arguments = (by_high[by_low], source, target, *ends, *origins, count)
    launch_once(cast(wp.Kernel, merge_kernel), arguments)
    return _Undirected(*(one[: int(count)] for one in (*ends, *origins)))


def _tensors(edges: _Undirected, ptr: Tensor, numbers: Tensor) -> dict[str, Tensor]:
    """Everything the kernel works on but the tables of the workers."""
    nodes, graphs, count = int(ptr[-1]), numbers.shape[0], edges.low.shape[0]
    proper = edges.low != edges.high  # a self loop has one end
    every = torch.arange(count, dtype=torch.int32)
    ends = torch.cat([edges.low, edges.high[proper]]).to(torch.int64)
    end_ptr, by_node = group(ends, nodes)
    slots = 2 * count + nodes
    return {
        "node_ptr": ptr.contiguous(),
        "edge_ptr": torch.searchsorted(edges.low, ptr.to(torch.int32)),
        "number": numbers.contiguous(),
        **edges._asdict(),
        "end_ptr": end_ptr,
        "incident": torch.cat([every, every[proper]])[by_node],
        "next": end_ptr[:-1].clone(),
        "copies": torch.ones(count, dtype=torch.int32),
        "taken": torch.zeros(count, dtype=torch.int32),
        **_room(torch.int32, {"parts": nodes + graphs}),
        **_room(torch.int32, dict.fromkeys(_PER_NODE, nodes)),
        **_room(torch.int32, dict.fromkeys(_PER_SLOT, slots)),
        **_room(torch.int64, {"length": graphs, **dict.fromkeys(_PER_STEP, slots)}),
    }


_PER_NODE = ("order", "parent", "odd", "label", "via", "queue")
_PER_SLOT = ("stack", "stack_edge", "trail")
_PER_STEP = ("step_from", "step_to", "step_edge", "step_opposite")


def _room(dtype: torch.dtype, sizes: dict[str, int]) -> dict[str, Tensor]:
    """Stretches of one allocation."""
    stretches = torch.empty(sum(sizes.values()), dtype=dtype).split(list(sizes.values()))
    return dict(zip(sizes, stretches, strict=True))


def _walk(tensors: dict[str, Tensor], seed: int) -> None:
    """Launch one row per thread, each with a table of its own."""
    workers = torch.get_num_threads()
    tensors = {**tensors, "table": torch.empty(workers << LARGEST_TABLE, dtype=torch.int32)}
    batch = torch.tensor([tensors[name].data_ptr() for name in TENSORS])
    part_count = torch.empty(tensors["number"].shape[0], dtype=torch.int32)
    parity = torch.empty(workers, 2, dtype=torch.int32)
    arguments = (seed % 2**64, workers, batch, part_count, parity)
    kernel = cast(wp.Kernel, eulerian_kernel)
    work = 64 * tensors["trail"].shape[0]
    launch_rows(kernel, torch.arange(workers + 1), 1, arguments, work)
