"""Random walks of first and second order, one thread per walk."""

from typing import no_type_check

import warp as wp

from graphformers.kernels.randomness import NATIVE_RANDOMNESS
from graphformers.kernels.sampling.addresses import (
    BAD_NEIGHBOR,
    BAD_ROW,
    NATIVE_GRAPH,
)

# A second-order step draws with equal chances and takes what it drew with its own chance. After so
# many refusals it weighs every neighbour instead, which gives the same distribution.
TRIES = 32

_WALK = f"""
    {NATIVE_GRAPH}
    {NATIVE_RANDOMNESS}
    const int64_t steps = walks.shape[1] - 1;
    int64_t* walk = walks.data + row * (steps + 1);
    const uint64_t stream = child(seed, row);
    const double near = to_others < 1.0 ? to_others : 1.0;
    const double far = to_others < 1.0 ? 1.0 : to_others;
    const double largest = to_previous < far ? far : to_previous;
    int64_t node = walk[0], previous = -1;
    report.data[row] = 0;

    auto follows = [&](int64_t before, int64_t next) -> bool {{
        for (int64_t p = bounds[before]; p < bounds[before + 1]; ++p)
            if (neighbor(p) == next) return true;
        return false;
    }};
    auto chance = [&](int64_t next) -> double {{
        if (next == previous) return to_previous;
        return follows(previous, next) ? 1.0 : to_others;
    }};
    auto is_taken = [&](int64_t next, double level) -> bool {{
        if (previous < 0 || (to_previous == 1.0 && to_others == 1.0)) return true;
        if (next != previous && level <= near) return true;
        if (next != previous && level > far) return false;
        return level <= chance(next);
    }};
    for (int64_t step = 0; step < steps; ++step) {{
        if (!is_sound(node)) report.data[row] = {BAD_ROW};
        const int64_t size = is_sound(node) ? bounds[node + 1] - bounds[node] : 0;
        int64_t next = -1;
        const uint64_t bits = child(stream, step);
        for (int64_t attempt = 0; size && next < 0 && attempt < {TRIES}; ++attempt) {{
            const int64_t drawn = neighbor(bounds[node] + below(child(bits, 2 * attempt), size));
            const double level = largest * unit(child(bits, 2 * attempt + 1));
            if (!is_node(drawn)) report.data[row] = {BAD_NEIGHBOR};
            if (!is_node(drawn) || is_taken(drawn, level)) next = drawn;
        }}
        if (size && next < 0) {{
            double total = 0.0, passed = 0.0;
            for (int64_t p = bounds[node]; p < bounds[node + 1]; ++p) total += chance(neighbor(p));
            const double level = total * unit(child(bits, 2 * {TRIES}));
            for (int64_t p = bounds[node]; p < bounds[node + 1] && passed < level; ++p) {{
                next = neighbor(p);
                passed += chance(next);
            }}
            if (!is_node(next)) report.data[row] = {BAD_NEIGHBOR};
        }}
        if (report.data[row] < 0) {{
            walk[0] = node;
            break;
        }}
        if (next < 0) {{
            for (; step < steps; ++step) walk[step + 1] = -1;
            break;
        }}
        walk[step + 1] = next;
        previous = node;
        node = next;
    }}
"""


@no_type_check
@wp.func_native(_WALK)
def _walk(
    row: int,
    graph: wp.array[wp.int64],
    seed: wp.uint64,
    to_previous: wp.float64,
    to_others: wp.float64,
    walks: wp.array2d[wp.int64],
    report: wp.array[wp.int64],
): ...


@no_type_check
@wp.kernel(enable_backward=False)
def walk_kernel(
    first: int,
    graph: wp.array[wp.int64],
    seed: wp.uint64,
    to_previous: wp.float64,  # chance to step back, relative to a neighbour of the node before
    to_others: wp.float64,  # chance to step further away
    walks: wp.array2d[wp.int64],  # (walks, steps + 1), starts given, the rest written
    report: wp.array[wp.int64],  # (walks,) written; BAD_... of the node then written at the start
):
    """Walk until the steps are made or no neighbour is left."""
    offset, _ = wp.tid()
    _walk(first + offset, graph, seed, to_previous, to_others, walks, report)
