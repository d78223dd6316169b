"""Building balanced trees over points: a node halves its points along the longest edge of its box.

A tree has no pointers. Its leaves hold ``LEAF`` points each, the last one the rest; a node is a
range of leaves ``[first, last)``, split at the middle leaf. Every middle belongs to one node only,
so it numbers the node's box, between the boxes of the leaves on its two sides.

===========  ==================  ==============================================================
items        (leaves * LEAF, 4)  x, y, z and the bits of the point's number; rows are permuted
boxes        (2 * leaves, 6)     lowest then highest x, y, z: leaf ``l`` at ``2 l``, the node
                                 split at ``m`` at ``2 m - 1``
first, last  (nodes,)            the nodes to build
end          (nodes,)            one past the last item of the node's graph
===========  ==================  ==============================================================
"""

from functools import cache
from string import Template
from typing import no_type_check

import warp as wp

LEAF = 16
REAL = {wp.float32: "float", wp.float64: "double"}
_INTEGER = {wp.float32: "int", wp.float64: "long long"}

_BUILD = Template(
    """
    using real = $real;
    struct Item { real at[3]; $integer number; };
    Item* item = (Item*)items.data;
    struct Node { int first, last; };
    Node waiting[64];
    int depth = 0;
    waiting[depth++] = {first, last};
    unsigned random = 1;
    while (depth > 0) {
        const Node node = waiting[--depth];
        const int middle = node.first + (node.last - node.first) / 2;
        const bool leaf = node.last - node.first == 1;
        int low = node.first * $leaf;
        int high = node.last * $leaf < end ? node.last * $leaf : end;
        real box[6] = {item[low].at[0], item[low].at[1], item[low].at[2],
                       item[low].at[0], item[low].at[1], item[low].at[2]};
        for (int i = low + 1; i < high; ++i)
            for (int axis = 0; axis < 3; ++axis) {
                const real value = item[i].at[axis];
                box[axis] = value < box[axis] ? value : box[axis];
                box[3 + axis] = value > box[3 + axis] ? value : box[3 + axis];
            }
        real* kept = boxes.data + 6 * (size_t)(leaf ? 2 * node.first : 2 * middle - 1);
        for (int i = 0; i < 6; ++i) kept[i] = box[i];
        if (leaf) continue;

        int axis = 0;
        for (int other = 1; other < 3; ++other)
            if (box[3 + other] - box[other] > box[3 + axis] - box[axis]) axis = other;
        // Partial sort: what belongs left of the middle leaf goes left of it. Pivots are drawn, so
        // no order of the points makes this slow.
        const int target = middle * $leaf;
        while (high - low > 1) {
            real drawn[3];
            for (int i = 0; i < 3; ++i) {
                random = random * 1664525u + 1013904223u;
                const unsigned long long share = (unsigned long long)random * (high - low);
                drawn[i] = item[low + (int)(share >> 32)].at[axis];
            }
            const real smaller = drawn[0] < drawn[1] ? drawn[0] : drawn[1];
            const real larger = drawn[0] < drawn[1] ? drawn[1] : drawn[0];
            const real pivot = drawn[2] < smaller ? smaller : drawn[2] > larger ? larger : drawn[2];
            int below = low;
            for (int i = low; i < high; ++i) {  // no branch to guess wrong
                const Item moved = item[i];
                item[i] = item[below];
                item[below] = moved;
                below += moved.at[axis] < pivot;
            }
            if (target == below) break;
            if (target < below) {
                high = below;
                continue;
            }
            low = below;
            for (int i = low; i < high; ++i) {  // the pivot and its equals, if many
                const Item moved = item[i];
                item[i] = item[below];
                item[below] = moved;
                below += moved.at[axis] == pivot;
            }
            if (target <= below) break;
            low = below;
        }
        if (!whole) continue;
        waiting[depth++] = {middle, node.last};
        waiting[depth++] = {node.first, middle};
    }
    """
)


@cache
@no_type_check
def build_kernel(scalar: type) -> wp.Kernel:
    """Build nodes and, when ``whole``, everything below them."""
    module = wp.get_module(f"graphformers.point_tree.{scalar.__name__}")

    @wp.func_native(_BUILD.substitute(real=REAL[scalar], integer=_INTEGER[scalar], leaf=LEAF))
    def build(
        items: wp.array2d[scalar],
        boxes: wp.array2d[scalar],
        first: int,
        last: int,
        end: int,
        whole: int,
    ): ...

    @wp.kernel(enable_backward=False, module=module)
    def build_kernel(
        first_row: int,
        first: wp.array[wp.int32],
        last: wp.array[wp.int32],
        end: wp.array[wp.int32],
        whole: int,
        items: wp.array2d[scalar],  # permuted
        boxes: wp.array2d[scalar],  # written
    ):
        offset, _lane = wp.tid()
        node = first_row + offset
        build(items, boxes, first[node], last[node], end[node], whole)

    return build_kernel
