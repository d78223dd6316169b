"""A graph as kernels read it, and what they report of a graph that does not hold together."""

from typing import cast, no_type_check

import warp as wp
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.sampling.graph import CSRGraph

# What a kernel says, where it counts something, of a row it cannot use.
BAD_ROW, BAD_NEIGHBOR, BAD_WEIGHT = -1, -2, -3


@no_type_check
@wp.struct
class GraphAddresses:
    """Compressed rows by address: they may be longer than a Warp array can be.

    An address of 0 stands for a tensor that was not given.
    """

    indptr: wp.uint64  # int64 (nodes + 1,)
    indices: wp.uint64  # int32 or int64 (edges,)
    weights: wp.uint64  # float32 or float64 (edges,)
    edge_time: wp.uint64  # int64 (edges,)
    node_time: wp.uint64  # int64 (neighbors,)
    num_edges: wp.int64
    num_neighbors: wp.int64
    index_bytes: int
    weight_bytes: int


# Reading them in native code; a snippet with an argument ``graph`` starts with this text.
NATIVE_GRAPH = """
    const int64_t* bounds = (const int64_t*)graph.indptr;
    auto is_sound = [&](int64_t row) -> bool {
        return bounds[row] >= 0 && bounds[row + 1] >= bounds[row]
            && bounds[row + 1] <= graph.num_edges;
    };
    auto neighbor = [&](int64_t position) -> int64_t {
        return graph.index_bytes == 8 ? ((const int64_t*)graph.indices)[position]
                                      : ((const int32_t*)graph.indices)[position];
    };
    auto is_node = [&](int64_t node) -> bool { return node >= 0 && node < graph.num_neighbors; };
"""


def graph_addresses(
    graph: CSRGraph, edge_time: Tensor | None = None, node_time: Tensor | None = None
) -> int:
    """The structure; it passes through a launch as a number does."""
    addresses = GraphAddresses()
    addresses.indptr, addresses.indices = graph.indptr.data_ptr(), graph.indices.data_ptr()
    for name, tensor in (("edge_time", edge_time), ("node_time", node_time)):
        setattr(addresses, name, 0 if tensor is None else tensor.data_ptr())
    if graph.weights is not None:
        addresses.weights = graph.weights.data_ptr()
        addresses.weight_bytes = graph.weights.element_size()
    addresses.index_bytes = graph.indices.element_size()
    addresses.num_edges, addresses.num_neighbors = graph.num_edges, graph.neighbor_bound
    return cast(int, addresses)


def check_rows(graph: CSRGraph, rows: Tensor, counts: Tensor) -> None:
    """Raise for the first row whose count is one of the negative reports."""
    if rows.shape[0] == 0 or int(counts.min()) >= 0:
        return
    at = int((counts < 0).nonzero()[0])
    row, problem = int(rows[at]), int(counts[at])
    if problem == BAD_ROW:
        first, last = graph.indptr[row : row + 2].tolist()
        bound = graph.num_edges
        raise ShapeError(f"indptr must rise from 0 to {bound}; row {row} is {first} ... {last}")
    if problem == BAD_NEIGHBOR:
        bound = graph.neighbor_bound - 1
        raise ShapeError(f"indices must lie in 0 ... {bound}; not all of row {row} do")
    raise ShapeError(f"weights must be finite and not negative; not all of row {row} are")
