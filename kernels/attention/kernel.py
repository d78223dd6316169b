"""Sparse attention of one score, shape and precision: forward, row pass and column pass.

Every number of the results has one writer, so two runs agree bit for bit. Weights are never stored:
the backward passes recompute them from the log-sum-exp of the row.

=============  =============================  ==================================================
row_ptr        (rows + 1,)                    first slot of every row
column         (edges,)                       other end of every slot
edge           (edges,)                       caller's number of every slot
query, key     (nodes, heads * dim)           of targets and of sources
value          (sources, heads * dim_v)
features       (edges, heads * inputs * dim)  edge inputs of the score, or null
channel        (heads * dim,)                 weight of every channel of a pair feature, or null
bias, gate     (edges, heads)                 or null
seed           (1,)                           of the dropout, or null
out            (targets, heads * dim_v)       likewise grad_out
pair_sum       (targets, heads * dim)         weighted sum of the pair features, or null
pairs          (edges, heads * dim)           the pair features, or null
lse            (targets, heads)               log of the sum of the exponentials of a row
mean           (targets, heads)               gradient of the weights of a row, averaged by them
bad            (1,)                           set to one by an index that points nowhere
=============  =============================  ==================================================

Edge-wise arrays follow the caller's order. A thread takes one row (or column) and ``group`` heads:
all of them on a CPU, so that every edge is looked up once; one on CUDA. ``first`` is the first row
of a chunk. An edge whose logit is minus infinity is masked, and a row without other edges gives
zeros.

Loops over channels and heads are ``while`` loops: clang makes vector code of them, not of
``range``.
"""

import threading
from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

from graphformers.kernels.attention.edge_math import EdgeMath, Shape, edge_math
from graphformers.kernels.attention.row_algebra import access, exponentials, row_algebra
from graphformers.kernels.attention.score import find_score

# The running maximum may lag behind the true one by this much: exp(8) is harmless, and rescaling
# (a branch no processor can predict) becomes rare.
_SLACK = 8.0

_creation = threading.Lock()


class AttentionKernels(NamedTuple):
    """The three launches of one specialisation."""

    forward: wp.Kernel
    backward_rows: wp.Kernel
    backward_columns: wp.Kernel


def attention_kernels(score: str, shape: Shape) -> AttentionKernels:
    """Kernels of a named score; threads that ask for the same ones wait for each other."""
    with _creation:
        return _attention_kernels(score, shape)


@cache
def _attention_kernels(score: str, shape: Shape) -> AttentionKernels:
    """One module holds all three, so that a new shape compiles once."""
    numbers = ".".join(str(number) for number in shape[:4])
    module = wp.get_module(f"graphformers.attention.{score}.{numbers}.{shape.scalar.__name__}")
    flags = f"{wp.config.cpu_compiler_flags or '-march=native'} -ffp-contract=fast"
    wp.set_module_options({"max_unroll": 1, "cpu_compiler_flags": flags}, module=module)
    math = edge_math(module, find_score(score), shape)
    inputs = find_score(score).edge_inputs
    return AttentionKernels(
        _forward(module, math, shape, inputs),
        _backward(module, math, shape, inputs, True),
        _backward(module, math, shape, inputs, False),
    )


@no_type_check
def _forward(module: wp.Module, math: EdgeMath, shape: Shape, inputs: int) -> wp.Kernel:
    heads, group, dim, dim_v, scalar, vectorised = shape
    numbers, indices = wp.array[scalar], wp.array[wp.int64]
    pair_row = wp.types.vector(group * dim, scalar)
    value_row = wp.types.vector(group * dim_v, scalar)
    per_head = wp.types.vector(group, scalar)
    sizes = (heads, dim, dim_v, inputs * dim)
    all_heads, pair_size, value_size, feature_size = (wp.int64(size) for size in sizes)
    read, write = access(scalar)
    exp = exponentials(group, scalar, vectorised)
    of_pairs = row_algebra(group, dim, scalar, vectorised)
    of_values = row_algebra(group, dim_v, scalar, vectorised)

    @wp.kernel(enable_backward=False, module=module)
    def forward_kernel(
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
        e = pair_row()
        f = pair_row()
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
                math.pairs(
                    query,
                    target * pair_size,
                    key,
                    source * pair_size,
                    features,
                    place * feature_size,
                    e,
                    f,
                    pair,
                )
                math.logits(
                    pair, channel, head * pair_size, scale, limit, bias, place, logit, opened
                )
                rises = int(0)
                h = int(0)
                while h < group:
                    if logit[h] > peak[h] + scalar(_SLACK):
                        rises = 1
                    h += 1
                if rises == 1:
                    h = int(0)
                    while h < group:
                        factor[h] = peak[h]
                        peak[h] = wp.where(logit[h] > peak[h], logit[h], peak[h])
                        h += 1
                    exp(factor, peak, weight)
                    h = int(0)
                    while h < group:
                        total[h] = total[h] * weight[h]
                        h += 1
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
            write(lse, target, h, peak[h] + wp.log(total[h]))
            h += 1
        of_values.scale(mixed, weight)
        of_values.store(mixed, out, target * value_size, dim_v)
        if pair_sum:
            of_pairs.scale(mixed_pair, weight)
            of_pairs.store(mixed_pair, pair_sum, target * pair_size, dim)

    return forward_kernel


@no_type_check
def _backward(
    module: wp.Module, math: EdgeMath, shape: Shape, inputs: int, by_rows: bool
) -> wp.Kernel:
    """One pass over the edges of every row, or of every column of the transposed pattern."""
    heads, group, dim, dim_v, scalar, vectorised = shape
    numbers, indices = wp.array[scalar], wp.array[wp.int64]
    pair_row = wp.types.vector(group * dim, scalar)
    value_row = wp.types.vector(group * dim_v, scalar)
    per_head = wp.types.vector(group, scalar)
    sizes = (heads, dim, dim_v, inputs * dim)
    all_heads, pair_size, value_size, feature_size = (wp.int64(size) for size in sizes)
    step = inputs * dim
    read, write = access(scalar)
    exp = exponentials(group, scalar, vectorised)
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
        """How the loss changes with the weight of an edge, before gate and dropout."""
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

    def backward_kernel(
        first: int,
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
        grad_value: numbers,  # written by the column pass
        grad_features: numbers,  # written by the row pass, like all that follow
        grad_channel: numbers,  # (rows, heads * dim), the share of every row
        grad_bias: numbers,
        grad_gate: numbers,
        bad: wp.array[wp.int32],
    ):
        offset, lane = wp.tid()
        row = first + offset
        head = wp.int64(lane * group)
        node = wp.int64(row) * all_heads + head
        e = pair_row()
        f = pair_row()
        pair = pair_row()
        up = pair_row()
        grad_e = pair_row()
        grad_f = pair_row()
        grad_a = pair_row()
        grad_n = pair_row()
        grad_v = value_row()
        logit = per_head()
        opened = per_head()
        grad = per_head()
        pull = per_head()
        weight = per_head()
        kept = per_head()
        factor = per_head()
        if by_rows:
            if grad_pair_sum:
                of_pairs.load(pair, pair_sum, node * pair_size, dim)
            at_value, at_pair = node * value_size, node * pair_size
            pull_on_weights(grad_out, at_value, out, at_value, grad_pair_sum, at_pair, pair, pull)
            h = int(0)
            while h < group:
                write(mean, node, h, pull[h])
                h += 1
        start, end = math.slots(row_ptr, row, column.shape[0], bad)
        for slot in range(start, end):
            if math.exists(column, edge, slot, others, bad):
                other = column[slot] * all_heads + head
                place = edge[slot] * all_heads + head
                target = wp.where(by_rows, node, other)
                source = wp.where(by_rows, other, node)
                q_place = target * pair_size
                k_place = source * pair_size
                e_place = place * feature_size
                math.pairs(query, q_place, key, k_place, features, e_place, e, f, pair)
                math.logits(
                    pair, channel, head * pair_size, scale, limit, bias, place, logit, opened
                )
                math.factors(gate, seed, dropout, place, factor, kept)
                pull_on_weights(
                    grad_out,
                    target * value_size,
                    value,
                    source * value_size,
                    grad_pair_sum,
                    q_place,
                    pair,
                    pull,
                )
                h = int(0)
                while h < group:
                    grad[h] = read(lse, target, h)
                    h += 1
                exp(logit, grad, weight)
                h = int(0)
                while h < group:
                    w = weight[h]
                    kept[h] = kept[h] * w * pull[h]
                    grad[h] = w * (factor[h] * pull[h] - read(mean, target, h))
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
                c = int(0)
                while c < group * dim:
                    q, k = read(query, q_place, c), read(key, k_place, c)
                    dq, dk, de, df = math.slope(q, k, e[c], f[c])
                    grad_n[c] = grad_n[c] + up[c] * wp.where(by_rows, dq, dk)
                    c += 1
                if grad_value:
                    of_values.add_scaled(grad_v, weight, grad_out, target * value_size)
                if grad_bias:
                    h = int(0)
                    while h < group:
                        write(grad_bias, place, h, grad[h])
                        h += 1
                if grad_gate:
                    h = int(0)
                    while h < group:
                        write(grad_gate, place, h, kept[h])
                        h += 1
                if grad_features:
                    c = int(0)
                    while c < group * dim:
                        q, k = read(query, q_place, c), read(key, k_place, c)
                        dq, dk, de, df = math.slope(q, k, e[c], f[c])
                        grad_e[c] = up[c] * de
                        grad_f[c] = up[c] * df
                        c += 1
                    of_pairs.store(grad_e, grad_features, e_place, step)
                    if inputs == 2:
                        of_pairs.store(grad_f, grad_features, e_place + pair_size, step)
        of_pairs.store(grad_n, grad_node, node * pair_size, dim)
        if grad_value:
            of_values.store(grad_v, grad_value, node * value_size, dim_v)
        if grad_channel:
            of_pairs.store(grad_a, grad_channel, node * pair_size, dim)

    backward_kernel.__qualname__ = f"backward_{'rows' if by_rows else 'columns'}_kernel"
    return wp.kernel(enable_backward=False, module=module)(backward_kernel)
