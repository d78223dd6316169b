"""What happens on one edge, for the heads of one thread: the same in every pass.

``place`` is where the numbers of a thread's heads start in a flat array.
"""

from typing import NamedTuple, no_type_check

import warp as wp

from graphformers.kernels.attention.row_kernel import RowAlgebra, reader, row_algebra
from graphformers.kernels.attention.score import PairScore
from graphformers.kernels.randomness import child_function


class Shape(NamedTuple):
    """Heads, those of one thread, their channels, the channels of a value; the type of number."""

    heads: int
    group: int
    dim: int
    dim_v: int
    scalar: type
    vectorised: bool  # on a CPU


class EdgeMath(NamedTuple):
    """Warp functions of one specialisation; ``pair`` is the row of pair features of the edge."""

    edge_inputs: wp.Function  # (features, place, e and f written)
    pairs: wp.Function  # (query, place, key, place, features, place, pair written)
    slope: wp.Function  # (q, k, e, f) -> the derivatives of the score by each
    logits: wp.Function  # (pair, channel, place, scale, limit, bias, place, logit and open written)
    factors: wp.Function  # (gate, seed, dropout, place, factor and kept written)
    slots: wp.Function  # (row_ptr, row, edges, bad) -> first and last slot of a row
    exists: wp.Function  # (column, edge, slot, nodes, bad) -> whether the indices point somewhere


@no_type_check
def edge_math(module: wp.Module, score: PairScore, shape: Shape) -> EdgeMath:
    """Functions that live in ``module``, so that no other specialisation shares their names."""
    algebra = row_algebra(shape.group, shape.dim, shape.scalar, shape.vectorised)
    edge_inputs = _edge_inputs(module, score, shape, algebra)
    return EdgeMath(
        edge_inputs,
        _pairs(module, score, shape, edge_inputs),
        _slope(module, score, shape.scalar),
        _logits(module, shape, algebra),
        _factors(module, shape),
        *_guards(module),
    )


@no_type_check
def _value(module: wp.Module, score: PairScore, scalar: type) -> wp.Function:
    """The score as a function of query, key and exactly two edge numbers."""
    phi = score.function

    @wp.func(module=module)
    def value_0(q: scalar, k: scalar, e: scalar, f: scalar):
        return phi(q, k)

    @wp.func(module=module)
    def value_1(q: scalar, k: scalar, e: scalar, f: scalar):
        return phi(q, k, e)

    @wp.func(module=module)
    def value_2(q: scalar, k: scalar, e: scalar, f: scalar):
        return phi(q, k, e, f)

    return (value_0, value_1, value_2)[score.edge_inputs]


@no_type_check
def _slope(module: wp.Module, score: PairScore, scalar: type) -> wp.Function:
    """Its four derivatives."""
    phi = score.function

    @wp.func(module=module)
    def slope_0(q: scalar, k: scalar, e: scalar, f: scalar):
        dq, dk = wp.grad(phi)(q, k)
        return dq, dk, scalar(0.0), scalar(0.0)

    @wp.func(module=module)
    def slope_1(q: scalar, k: scalar, e: scalar, f: scalar):
        dq, dk, de = wp.grad(phi)(q, k, e)
        return dq, dk, de, scalar(0.0)

    @wp.func(module=module)
    def slope_2(q: scalar, k: scalar, e: scalar, f: scalar):
        dq, dk, de, df = wp.grad(phi)(q, k, e, f)
        return dq, dk, de, df

    return (slope_0, slope_1, slope_2)[score.edge_inputs]


@no_type_check
def _edge_inputs(
    module: wp.Module, score: PairScore, shape: Shape, algebra: RowAlgebra
) -> wp.Function:
    row, numbers = wp.types.vector(shape.group * shape.dim, shape.scalar), wp.array[shape.scalar]
    inputs, load = score.edge_inputs, algebra.load
    step = inputs * shape.dim  # from head to head
    second = wp.int64(shape.dim)  # behind the first input come the numbers of the second

    @wp.func(module=module)
    def edge_inputs(features: numbers, edge: wp.int64, e: wp.ref[row], f: wp.ref[row]):
        if features:
            load(e, features, edge, step)
            if inputs == 2:
                load(f, features, edge + second, step)

    return edge_inputs


@no_type_check
def _pairs(
    module: wp.Module, score: PairScore, shape: Shape, edge_inputs: wp.Function
) -> wp.Function:
    width, scalar = shape.group * shape.dim, shape.scalar
    row, numbers = wp.types.vector(width, scalar), wp.array[scalar]
    value, read = _value(module, score, scalar), reader(scalar)

    @wp.func(module=module)
    def pairs(
        query: numbers,
        target: wp.int64,
        key: numbers,
        source: wp.int64,
        features: numbers,
        edge: wp.int64,
        pair: wp.ref[row],
    ):
        e = row()
        f = row()
        edge_inputs(features, edge, e, f)
        c = int(0)
        while c < width:
            pair[c] = value(read(query, target, c), read(key, source, c), e[c], f[c])
            c += 1

    return pairs


@no_type_check
def _logits(module: wp.Module, shape: Shape, algebra: RowAlgebra) -> wp.Function:
    group, dim, scalar = shape.group, shape.dim, shape.scalar
    row, per_head = wp.types.vector(group * dim, scalar), wp.types.vector(group, scalar)
    numbers = wp.array[scalar]
    read = reader(scalar)

    @wp.func(module=module)
    def logits(
        pair: wp.ref[row],
        channel: numbers,
        head_place: wp.int64,
        scale: scalar,
        limit: scalar,
        bias: numbers,
        edge_place: wp.int64,
        logit: wp.ref[per_head],
        opened: wp.ref[per_head],
    ):
        """Also whether the clamp lets the gradient through, times the scale."""
        if channel:
            weight = row()
            weighted = row()
            algebra.load(weight, channel, head_place, dim)
            algebra.add_product(weighted, weight, pair)
            algebra.sums(weighted, logit)
        else:
            algebra.sums(pair, logit)
        h = int(0)
        while h < group:
            x = scale * logit[h]
            opened[h] = wp.where(wp.abs(x) > limit, scalar(0.0), scale)
            logit[h] = wp.where(x > limit, limit, wp.where(x < -limit, -limit, x))
            h += 1
        if bias:
            h = int(0)
            while h < group:
                logit[h] = logit[h] + read(bias, edge_place, h)
                h += 1

    return logits


@no_type_check
def _factors(module: wp.Module, shape: Shape) -> wp.Function:
    group, scalar = shape.group, shape.scalar
    per_head, numbers = wp.types.vector(group, scalar), wp.array[scalar]
    read = reader(scalar)

    @wp.func(module=module)
    def factors(
        gate: numbers,
        seed: wp.array[wp.int64],
        dropout: wp.float64,
        place: wp.int64,
        factor: wp.ref[per_head],
        kept: wp.ref[per_head],
    ):
        """What a weight is multiplied by after the softmax, and the share of it that dropout has.

        Zero for the edges and heads dropped, 1 / (1 - dropout) for the others, as child ``place``
        of the seed says, so nothing needs to be kept for the backward pass.
        """
        h = int(0)
        while h < group:
            kept[h] = scalar(1.0)
            h += 1
        if seed:
            threshold = wp.uint64(dropout * wp.float64(9007199254740992.0))
            larger = scalar(wp.float64(1.0) / (wp.float64(1.0) - dropout))
            h = int(0)
            while h < group:
                z = child_function(wp.uint64(seed[0]), wp.uint64(place + wp.int64(h)))
                z = z >> wp.uint64(11)
                kept[h] = wp.where(z < threshold, scalar(0.0), larger)
                h += 1
        h = int(0)
        while h < group:
            factor[h] = kept[h]
            h += 1
        if gate:
            h = int(0)
            while h < group:
                factor[h] = kept[h] * read(gate, place, h)
                h += 1

    return factors


@no_type_check
def _guards(module: wp.Module) -> tuple[wp.Function, wp.Function]:
    indices, flag = wp.array[wp.int64], wp.array[wp.int32]

    @wp.func(module=module)
    def slots(row_ptr: indices, row: int, edges: int, bad: flag):
        start = row_ptr[row]
        end = row_ptr[row + 1]
        if start < wp.int64(0) or end > wp.int64(edges):
            bad[0] = 1
            end = start
        return int(start), int(end)

    @wp.func(module=module)
    def exists(column: indices, edge: indices, slot: int, nodes: int, bad: flag):
        node = column[slot]
        number = edge[slot]
        there = node >= wp.int64(0) and node < wp.int64(nodes)
        there = there and number >= wp.int64(0) and number < wp.int64(column.shape[0])
        if not there:
            bad[0] = 1
        return there

    return slots, exists
