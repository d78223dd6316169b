"""The forward pass of sparse attention."""

from typing import no_type_check

import warp as wp

from graphformers.kernels.attention.edge_kernel import EdgeMath, Shape
from graphformers.kernels.attention.row_kernel import exponentials, row_algebra
from graphformers.kernels.prefetch import prefetch_row_function

# The running maximum may lag behind the true one by this much: exp(8) is harmless, and rescaling
# (a branch no processor can predict) becomes rare.
_SLACK = 8.0


@no_type_check
def forward_kernel(module: wp.Module, math: EdgeMath, shape: Shape, inputs: int) -> wp.Kernel:
    """Online softmax over the edges of every row; arguments are those of ``kernel.py``."""
    heads, group, dim, dim_v, scalar, vectorised = shape
    numbers, indices = wp.array[scalar], wp.array[wp.int64]
    pair_row = wp.types.vector(group * dim, scalar)
    value_row = wp.types.vector(group * dim_v, scalar)
    per_head = wp.types.vector(group, scalar)
    sizes = (heads, dim, dim_v, inputs * dim)
    all_heads, pair_size, value_size, feature_size = (wp.int64(size) for size in sizes)
    exp = exponentials(group, scalar, vectorised)
    of_pairs = row_algebra(group, dim, scalar, vectorised)
    of_values = row_algebra(group, dim_v, scalar, vectorised)
    of_heads = row_algebra(1, group, scalar, vectorised)
    prefetch = prefetch_row_function(scalar)
    pair_width, value_width = heads * dim, heads * dim_v

    @wp.func(module=module)
    def rises(logit: wp.ref[per_head], peak: wp.ref[per_head]):
        higher = int(0)
        h = int(0)
        while h < group:
            if logit[h] > peak[h] + scalar(_SLACK):
                higher = 1
            h += 1
        return higher == 1

    @wp.func(module=module)
    def raise_peak(
        logit: wp.ref[per_head],
        peak: wp.ref[per_head],
        total: wp.ref[per_head],
        shrink: wp.ref[per_head],
    ):
        """What was summed up so far shrinks by ``shrink``."""
        before = per_head()
        h = int(0)
        while h < group:
            before[h] = peak[h]
            peak[h] = wp.where(logit[h] > peak[h], logit[h], peak[h])
            h += 1
        exp(before, peak, shrink)
        h = int(0)
        while h < group:
            total[h] = total[h] * shrink[h]
            h += 1

    @wp.kernel(enable_backward=False, module=module)
    def attend(
        first: int,
        row_ptr: indices,
        column: indices,
        edge: indices,
        query: numbers,
        key: numbers,
        value: numbers,
        features: numbers,
        channel: numbers,
        bias: numbers,
        gate: numbers,
        seed: indices,
        scale: scalar,
        limit: scalar,
        dropout: wp.float64,
        sources: int,
        out: numbers,  # written
        lse: numbers,  # written
        pair_sum: numbers,  # written, or null
        pairs: numbers,  # written, or null
        bad: wp.array[wp.int32],  # written
    ):
        offset, lane = wp.tid()
        row = first + offset
        head = wp.int64(lane * group)
        target = wp.int64(row) * all_heads + head
        pair = pair_row()
        spread = pair_row()
        mixed_pair = pair_row()
        mixed = value_row()
        logit = per_head()
        opened = per_head()
        peak = per_head()
        total = per_head()
        weight = per_head()
        factor = per_head()
        h = int(0)
        while h < group:
            peak[h] = scalar(-wp.inf)
            h += 1
        start, end = math.slots(row_ptr, row, column.shape[0], bad)
        for slot in range(start, end):
            if math.exists(column, edge, slot, sources, bad):
                source = column[slot] * all_heads + head
                place = edge[slot] * all_heads + head
                prefetch(key, column, slot, pair_width)
                prefetch(value, column, slot, value_width)
                math.pairs(
                    query,
                    target * pair_size,
                    key,
                    source * pair_size,
                    features,
                    place * feature_size,
                    pair,
                )
                math.logits(
                    pair, channel, head * pair_size, scale, limit, bias, place, logit, opened
                )
                if rises(logit, peak):
                    raise_peak(logit, peak, total, weight)
                    of_values.scale(mixed, weight)
                    if pair_sum:
                        of_pairs.scale(mixed_pair, weight)
                exp(logit, peak, weight)
                h = int(0)
                while h < group:
                    total[h] = total[h] + weight[h]
                    h += 1
                math.factors(gate, seed, dropout, place, factor, opened)
                h = int(0)
                while h < group:
                    weight[h] = weight[h] * factor[h]
                    h += 1
                of_values.add_scaled(mixed, weight, value, source * value_size)
                if pair_sum:
                    of_pairs.spread(weight, spread)
                    of_pairs.add_product(mixed_pair, spread, pair)
                if pairs:
                    of_pairs.store(pair, pairs, place * pair_size, dim)
        h = int(0)
        while h < group:
            weight[h] = wp.where(total[h] == scalar(0.0), scalar(1.0), scalar(1.0) / total[h])
            peak[h] = peak[h] + wp.log(total[h])
            h += 1
        of_heads.store(peak, lse, target, group)
        of_values.scale(mixed, weight)
        of_values.store(mixed, out, target * value_size, dim_v)
        if pair_sum:
            of_pairs.scale(mixed_pair, weight)
            of_pairs.store(mixed_pair, pair_sum, target * pair_size, dim)

    return attend
