"""Sampling the two-hop multiset of a node while it is enumerated, one thread per node."""

from typing import no_type_check

import warp as wp

from graphformers.kernels.randomness import NATIVE_RANDOMNESS
from graphformers.kernels.sampling.addresses import (
    BAD_NEIGHBOR,
    BAD_ROW,
    NATIVE_GRAPH,
)

# Every member of the multiset has a random key and those with the smallest keys are the sample. The
# key of a node two hops away depends on that node alone: reached along several paths it comes with
# the same key, so that looking among the kept ones is enough to count it once.
_SAMPLE = f"""
    {NATIVE_GRAPH}
    {NATIVE_RANDOMNESS}
    const int64_t length = tokens.shape[1];
    const int64_t room = length - 1;
    int64_t* sample = tokens.data + row * length + 1;
    uint64_t* kept_keys = (uint64_t*)keys.data + row * length;
    const int64_t node = nodes.data[row];
    const uint64_t stream = child(seed, node);
    const uint64_t near = child(stream, 0), far = child(stream, 1), anywhere = child(stream, 2);
    int64_t kept = 0, owner = node;  // whose row is being read
    sample[-1] = node;
    report.data[row] = 0;

    auto keep = [&](uint64_t key, int64_t member) {{
        if (kept == room && (!room || key >= kept_keys[room - 1])) return;
        if (!is_node(member)) {{
            report.data[row] = {BAD_NEIGHBOR};
            return;
        }}
        int64_t place = 0;
        for (int64_t above = kept; place < above;) {{
            const int64_t middle = (place + above) / 2;
            if (kept_keys[middle] < key) place = middle + 1;
            else above = middle;
        }}
        if (place < kept && kept_keys[place] == key && sample[place] == member) return;
        kept += kept < room;
        for (int64_t later = kept - 1; later > place; --later) {{
            kept_keys[later] = kept_keys[later - 1];
            sample[later] = sample[later - 1];
        }}
        kept_keys[place] = key;
        sample[place] = member;
    }};
    auto enumerate = [&](bool in_order) {{
        kept = 0;
        owner = node;
        const int64_t first = bounds[node], last = bounds[node + 1];
        for (int64_t p = first; !report.data[row] && p < last; ++p)
            keep(in_order ? p - first : child(near, p - first), neighbor(p));
        for (int64_t p = first; !report.data[row] && p < last; ++p) {{
            const int64_t middle = neighbor(p);
            owner = is_node(middle) ? middle : node;
            if (owner != middle) report.data[row] = {BAD_NEIGHBOR};
            else if (!is_sound(middle)) report.data[row] = {BAD_ROW};
            if (report.data[row]) break;
            for (int64_t q = bounds[middle]; !report.data[row] && q < bounds[middle + 1]; ++q) {{
                const int64_t end = neighbor(q);
                keep(in_order ? last - first + end : child(far, end), end);
            }}
        }}
    }};
    if (!is_sound(node)) report.data[row] = {BAD_ROW};
    enumerate(false);
    if (kept < room && !report.data[row]) enumerate(true);
    if (report.data[row]) nodes.data[row] = owner;
    for (int64_t j = kept; j < room; ++j)
        sample[j] = kept ? sample[j - kept] : below(child(anywhere, j), num_neighbors);
"""


@no_type_check
@wp.func_native(_SAMPLE)
def _sample(
    row: int,
    graph: wp.array[wp.int64],
    seed: wp.uint64,
    nodes: wp.array[wp.int64],
    keys: wp.array2d[wp.int64],
    tokens: wp.array2d[wp.int64],
    report: wp.array[wp.int64],
): ...


@no_type_check
@wp.kernel(enable_backward=False)
def hop_token_kernel(
    first: int,
    graph: wp.array[wp.int64],
    seed: wp.uint64,
    nodes: wp.array[wp.int64],  # (nodes,); where a report is made, the node it is about, written
    keys: wp.array2d[wp.int64],  # (nodes, length), scratch
    tokens: wp.array2d[wp.int64],  # (nodes, length), written
    report: wp.array[wp.int64],  # (nodes,), written; BAD_ROW, BAD_NEIGHBOR or 0
):
    """The node itself, then its sample."""
    offset, _ = wp.tid()
    _sample(first + offset, graph, seed, nodes, keys, tokens, report)
