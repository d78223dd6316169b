"""The backward passes of sparse attention."""

from typing import Literal, no_type_check

import warp as wp

from graphformers.kernels.attention.edge_kernel import EdgeMath, Shape
from graphformers.kernels.attention.row_kernel import exponentials, reader, row_algebra
from graphformers.kernels.prefetch import prefetch_row_function


@no_type_check
def backward_kernel(
    module: wp.Module,
    math: EdgeMath,
    shape: Shape,
    inputs: int,
    over: Literal["rows", "columns", "blocks"],
) -> wp.Kernel:
    """One pass over the edges of every row, or of every column of the transposed pattern.

    The pass over blocks takes all rows of a block and does what both others do: the columns of a
    block belong to no other thread.
    """
    by_rows, by_blocks = over != "columns", over == "blocks"
    heads, group, dim, dim_v, scalar, vectorised = shape
    numbers, indices = wp.array[scalar], wp.array[wp.int64]
    pair_row = wp.types.vector(group * dim, scalar)
    value_row = wp.types.vector(group * dim_v, scalar)
    per_head = wp.types.vector(group, scalar)
    sizes = (heads, dim, dim_v, inputs * dim)
    all_heads, pair_size, value_size, feature_size = (wp.int64(size) for size in sizes)
    step = inputs * dim
    read = reader(scalar)
    exp = exponentials(group, scalar, vectorised)
    of_pairs = row_algebra(group, dim, scalar, vectorised)
    of_values = row_algebra(group, dim_v, scalar, vectorised)
    of_heads = row_algebra(1, group, scalar, vectorised)
    prefetch = prefetch_row_function(scalar)
    pair_width, value_width = heads * dim, heads * dim_v
    pull_on_weights = _pull_on_weights(module, shape)

    def pull_back(
        first: int,
        block_ptr: indices,  # (blocks + 1,) first row of every block, null in the other passes
        row_ptr: indices,  # of the transposed pattern in the column pass
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
        others: int,  # number of nodes at the other end
        lse: numbers,
        out: numbers,  # null in the column pass
        pair_sum: numbers,
        mean: numbers,  # written by the row pass, read by the column pass
        grad_out: numbers,
        grad_pair_sum: numbers,
        grad_pairs: numbers,
        grad_node: numbers,  # written, the gradient of queries or of keys
        grad_other: numbers,  # written by the block pass, the gradient of keys
        grad_value: numbers,  # written by the column pass and the block pass
        grad_features: numbers,  # written by the row pass and the block pass, like all that follow
        grad_channel: numbers,  # (rows, heads * dim), the share of every row
        grad_bias: numbers,
        grad_gate: numbers,
        bad: wp.array[wp.int32],
    ):
        offset, lane = wp.tid()
        head = wp.int64(lane * group)
        e = pair_row()
        f = pair_row()
        pair = pair_row()
        up = pair_row()
        grad_e = pair_row()
        grad_f = pair_row()
        grad_o = pair_row()
        grad_v = value_row()
        logit = per_head()
        opened = per_head()
        grad = per_head()
        pull = per_head()
        shared = per_head()
        weight = per_head()
        kept = per_head()
        factor = per_head()
        begin = first + offset
        finish = begin + 1
        lowest = wp.int64(0)
        highest = others
        if by_blocks:
            begin, finish = int(block_ptr[first + offset]), int(block_ptr[first + offset + 1])
            lowest, highest = wp.int64(begin), finish
            for row in range(begin, finish):
                node = wp.int64(row) * all_heads + head
                of_pairs.store(grad_o, grad_other, node * pair_size, dim)
                of_values.store(grad_v, grad_value, node * value_size, dim_v)
        for row in range(begin, finish):
            node = wp.int64(row) * all_heads + head
            grad_a = pair_row()
            grad_n = pair_row()
            if by_rows:
                if grad_pair_sum:
                    of_pairs.load(pair, pair_sum, node * pair_size, dim)
                at_value, at_pair = node * value_size, node * pair_size
                pull_on_weights(
                    grad_out, at_value, out, at_value, grad_pair_sum, at_pair, pair, pull
                )
                of_heads.store(pull, mean, node, group)
            start, end = math.slots(row_ptr, row, column.shape[0], bad)
            for slot in range(start, end):
                there = math.exists(column, edge, slot, highest, bad)
                if by_blocks and there and column[slot] < lowest:
                    bad[0] = 1
                    there = False
                if there:
                    other = column[slot] * all_heads + head
                    place = edge[slot] * all_heads + head
                    if by_rows:
                        prefetch(key, column, slot, pair_width)
                        prefetch(value, column, slot, value_width)
                    else:
                        prefetch(query, column, slot, pair_width)
                        prefetch(grad_out, column, slot, value_width)
                    target = wp.where(by_rows, node, other)
                    source = wp.where(by_rows, other, node)
                    q_place = target * pair_size
                    k_place, v_place = source * pair_size, source * value_size
                    e_place = place * feature_size
                    math.pairs(query, q_place, key, k_place, features, e_place, pair)
                    math.logits(
                        pair, channel, head * pair_size, scale, limit, bias, place, logit, opened
                    )
                    math.factors(gate, seed, dropout, place, factor, kept)
                    pull_on_weights(
                        grad_out,
                        target * value_size,
                        value,
                        v_place,
                        grad_pair_sum,
                        q_place,
                        pair,
                        pull,
                    )
                    of_heads.load(grad, lse, target, group)
                    exp(logit, grad, weight)
                    of_heads.load(shared, mean, target, group)
                    h = int(0)
                    while h < group:
                        w = weight[h]
                        kept[h] = kept[h] * w * pull[h]
                        grad[h] = w * (factor[h] * pull[h] - shared[h])
                        weight[h] = w * factor[h]
                        pull[h] = grad[h] * opened[h]
                        h += 1
                    of_pairs.spread(pull, up)
                    if channel:
                        if grad_channel:
                            of_pairs.add_product(grad_a, up, pair)
                        of_pairs.times(up, channel, head * pair_size)
                    if grad_pair_sum:
                        of_pairs.add_scaled(up, weight, grad_pair_sum, q_place)
                    if grad_pairs:
                        of_pairs.add(up, grad_pairs, place * pair_size)
                    math.edge_inputs(features, e_place, e, f)
                    c = int(0)
                    while c < group * dim:
                        q, k = read(query, q_place, c), read(key, k_place, c)
                        dq, dk, de, df = math.slope(q, k, e[c], f[c])
                        grad_n[c] = grad_n[c] + up[c] * wp.where(by_rows, dq, dk)
                        if by_blocks:
                            grad_o[c] = up[c] * dk
                            if inputs > 0:
                                grad_e[c] = up[c] * de
                            if inputs == 2:
                                grad_f[c] = up[c] * df
                        c += 1
                    if by_blocks:
                        of_pairs.add(grad_o, grad_other, k_place)
                        of_pairs.store(grad_o, grad_other, k_place, dim)
                        of_values.load(grad_v, grad_value, v_place, dim_v)
                    if grad_value:
                        of_values.add_scaled(grad_v, weight, grad_out, target * value_size)
                    if by_blocks:
                        of_values.store(grad_v, grad_value, v_place, dim_v)
                    if grad_bias:
                        of_heads.store(grad, grad_bias, place, group)
                    if grad_gate:
                        of_heads.store(kept, grad_gate, place, group)
                    if grad_features:
                        c = int(0)
                        while c < group * dim and not by_blocks:
                            q, k = read(query, q_place, c), read(key, k_place, c)
                            dq, dk, de, df = math.slope(q, k, e[c], f[c])
                            grad_e[c] = up[c] * de
                            grad_f[c] = up[c] * df
                            c += 1
                        of_pairs.store(grad_e, grad_features, e_place, step)
                        if inputs == 2:
                            of_pairs.store(grad_f, grad_features, e_place + pair_size, step)
            of_pairs.store(grad_n, grad_node, node * pair_size, dim)
            if grad_value and not by_blocks:
                of_values.store(grad_v, grad_value, node * value_size, dim_v)
            if grad_channel:
                of_pairs.store(grad_a, grad_channel, node * pair_size, dim)

    pull_back.__qualname__ = f"pull_back_{over}"
    return wp.kernel(enable_backward=False, module=module)(pull_back)


@no_type_check
def _pull_on_weights(module: wp.Module, shape: Shape) -> wp.Function:
    """How the loss changes with the weight of an edge, before gate and dropout."""
    _, group, dim, dim_v, scalar, vectorised = shape
    numbers = wp.array[scalar]
    pair_row = wp.types.vector(group * dim, scalar)
    value_row = wp.types.vector(group * dim_v, scalar)
    per_head = wp.types.vector(group, scalar)
    of_pairs = row_algebra(group, dim, scalar, vectorised)
    of_values = row_algebra(group, dim_v, scalar, vectorised)

    @wp.func(module=module)
    def pull_on_weights(
        grad_out: numbers,
        target_value: wp.int64,
        value: numbers,
        source_value: wp.int64,
        grad_pair_sum: numbers,
        target_pair: wp.int64,
        pair: wp.ref[pair_row],
        pull: wp.ref[per_head],
    ):
        product = value_row()
        of_values.load(product, grad_out, target_value, dim_v)
        of_values.times(product, value, source_value)
        of_values.sums(product, pull)
        if grad_pair_sum:
            up = pair_row()
            product_pair = pair_row()
            more = per_head()
            of_pairs.load(up, grad_pair_sum, target_pair, dim)
            of_pairs.add_product(product_pair, up, pair)
            of_pairs.sums(product_pair, more)
            h = int(0)
            while h < group:
                pull[h] = pull[h] + more[h]
                h += 1

    return pull_on_weights
