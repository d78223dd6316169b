"""A graph as kernels read it, and what they report of a graph that does not hold together."""

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.sampling.graph import CSRGraph

# What a kernel says, where it counts something, of a row it cannot use.
BAD_ROW, BAD_NEIGHBOR, BAD_WEIGHT = -1, -2, -3


# Reading the graph in native code; a snippet with an argument ``graph`` starts with this text. Rows
# may be longer than a Warp array can be, so they come by address, 0 for what was not given.
NATIVE_GRAPH = """
    const int64_t* bounds = (const int64_t*)graph.data[0];
    const int64_t num_edges = graph.data[1];
    const char* entries = (const char*)graph.data[2];
    const int64_t entry_bytes = graph.data[3];
    const int64_t num_neighbors = graph.data[4];
    const char* weights = (const char*)graph.data[5];
    const int64_t weight_bytes = graph.data[6];
    const int64_t* edge_time = (const int64_t*)graph.data[7];
    const int64_t* node_time = (const int64_t*)graph.data[8];
    auto is_sound = [&](int64_t row) -> bool {
        return bounds[row] >= 0 && bounds[row + 1] >= bounds[row] && bounds[row + 1] <= num_edges;
    };
    auto neighbor = [&](int64_t position) -> int64_t {
        return entry_bytes == 8 ? ((const int64_t*)entries)[position]
                                : ((const int32_t*)entries)[position];
    };
    auto is_node = [&](int64_t node) -> bool { return node >= 0 && node < num_neighbors; };
"""


def graph_addresses(
    graph: CSRGraph, edge_time: Tensor | None = None, node_time: Tensor | None = None
) -> Int[Tensor, " 9"]:
    """Addresses and sizes in the order native code reads them; keep the tensors alive meanwhile."""
    parts = (graph.weights, edge_time, node_time)
    weights, edge_time_at, node_time_at = (0 if one is None else one.data_ptr() for one in parts)
    weight_bytes = 0 if graph.weights is None else graph.weights.element_size()
    rows = [graph.indptr.data_ptr(), graph.num_edges]
    row_entries = [graph.indices.data_ptr(), graph.indices.element_size(), graph.neighbor_bound]
    weighing = [weights, weight_bytes, edge_time_at, node_time_at]
    return torch.tensor([*rows, *row_entries, *weighing])


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
