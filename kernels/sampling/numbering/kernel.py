"""Numbering by a hash table of the size of the sample, whatever the size of the graph.

========  ==================  ================================================================
slots     (2^n,)              number of a node plus one, where its hash says; 0 where free
nodes     (capacity,)         node behind every number
trees     (capacity,) or null seed whose subgraph the numbered node belongs to
state     (2,)                how many are numbered; first item that is no node, or -1
========  ==================  ================================================================
"""

from typing import no_type_check

import warp as wp

from graphformers.kernels.randomness import NATIVE_RANDOMNESS

_NUMBER = """
    const uint64_t mask = slots.shape[0] - 1;
    const int64_t size = items.shape[0];
    auto hash = [&](int64_t item) -> uint64_t {
        const uint64_t bits = child(0, items.data[item]);
        return item_trees.data ? child(bits, item_trees.data[item]) : bits;
    };
    int64_t count = state.data[0];
    for (int64_t item = 0; item < size; ++item) {
#if !defined(__CUDA_ARCH__)
        if (item + 16 < size) __builtin_prefetch(slots.data + (hash(item + 16) & mask), 1);
#endif
        const int64_t node = items.data[item];
        if (node < 0 || node >= num_nodes) {
            state.data[1] = item;
            break;
        }
        const int64_t tree = item_trees.data ? item_trees.data[item] : 0;
        const uint64_t bits = hash(item);
        int64_t number = -1;
        for (uint64_t slot = bits & mask; number < 0; slot = (slot + 1) & mask) {
            const int32_t entry = slots.data[slot];
            if (entry == 0 && !insert) break;
            if (entry == 0) {
                number = count++;
                nodes.data[number] = node;
                if (item_trees.data) trees.data[number] = tree;
                slots.data[slot] = count;
            } else if (nodes.data[entry - 1] == node) {
                const bool same_tree = !item_trees.data || trees.data[entry - 1] == tree;
                if (same_tree) number = entry - 1;
            }
        }
        items.data[item] = number;
    }
    state.data[0] = count;
"""


@no_type_check
@wp.func_native(NATIVE_RANDOMNESS + _NUMBER)
def _number_in_order(
    items: wp.array[wp.int64],
    item_trees: wp.array[wp.int64],
    insert: int,
    num_nodes: wp.int64,
    slots: wp.array[wp.int32],
    nodes: wp.array[wp.int64],
    trees: wp.array[wp.int64],
    state: wp.array[wp.int64],
): ...


@no_type_check
@wp.kernel(enable_backward=False)
def number_kernel(
    items: wp.array[wp.int64],  # (items,) nodes, repeats included; their numbers, written
    item_trees: wp.array[wp.int64],  # (items,) or null
    insert: int,  # give new nodes a number; without it they get -1
    num_nodes: wp.int64,
    slots: wp.array[wp.int32],  # written
    nodes: wp.array[wp.int64],  # written
    trees: wp.array[wp.int64],  # written
    state: wp.array[wp.int64],  # written
):
    """One thread, since who comes first is the meaning."""
    _number_in_order(items, item_trees, insert, num_nodes, slots, nodes, trees, state)
