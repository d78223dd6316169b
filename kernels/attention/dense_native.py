"""Dot-product attention inside one small graph as dense matrices, one head at a time, on a CPU.

The keys of a graph are laid out channel by channel, so that a query meets a register full of keys
at once: a pair of nodes costs a few instructions instead of a few dozen. Scores of a row stand in
local memory between the softmax and the values; nothing is stored for a pair. Queries and keys of
neighbouring nodes lie ``apart`` numbers apart, values ``apart_v``: all three may be columns of one
matrix, and so may their gradients.
"""

# pyright: reportInvalidTypeForm=false

from functools import cache
from typing import no_type_check

import warp as wp

from graphformers.kernels.exponential import exponential_series
from graphformers.kernels.lanes import lane_count, lane_types

MOST_NODES = 128  # of a graph that is attended to as a matrix
MOST_CHANNELS = 64  # of a head


@cache
@no_type_check
def dense_forward(heads: int, dim: int, dim_v: int, scalar: type, squared: bool) -> wp.Function:
    """Rows of one graph and head; ``squared`` subtracts half the squared length of a key."""
    parts = (
        _types(heads, dim, dim_v, scalar),
        _KEYS,
        _ROWS,
        _PEAK,
        _exponential(scalar),
        _MIX,
    )
    snippet = _reduced("".join(parts), scalar) + "}"
    numbers, indices = wp.array[scalar], wp.array[wp.int64]

    @_native(f"{heads}.{dim}.{dim_v}.{squared}", _switched(snippet, squared))
    def attend(  # noqa: PLR0913
        first: int,
        nodes: int,
        head: int,
        apart: int,
        apart_v: int,
        row_ptr: indices,
        edge: indices,
        query: numbers,
        key: numbers,
        value: numbers,
        bias: numbers,
        factor: numbers,
        scale: scalar,
        out: numbers,
        lse: numbers,
    ): ...

    return attend


@cache
@no_type_check
def dense_backward(heads: int, dim: int, dim_v: int, scalar: type, squared: bool) -> wp.Function:
    """All gradients of one graph and head."""
    parts = (_types(heads, dim, dim_v, scalar), _KEYS, _VALUES, _ROWS, _WEIGHTS)
    snippet = "".join(parts) + _exponential(scalar) + _PULL + "}" + _COLUMNS
    numbers, indices = wp.array[scalar], wp.array[wp.int64]

    @_native(f"{heads}.{dim}.{dim_v}.{squared}", _switched(snippet, squared))
    def pull_back(  # noqa: PLR0913
        first: int,
        nodes: int,
        head: int,
        apart: int,
        apart_v: int,
        row_ptr: indices,
        edge: indices,
        query: numbers,
        key: numbers,
        value: numbers,
        bias: numbers,
        factor: numbers,
        scale: scalar,
        out: numbers,
        lse: numbers,
        grad_out: numbers,
        grad_query: numbers,
        grad_key: numbers,
        grad_value: numbers,
        grad_bias: numbers,
        grad_factor: numbers,
    ): ...

    return pull_back


def _native(label: str, snippet: str):
    def register(stub):
        stub.__qualname__ = f"dense_{stub.__name__}_{label}"
        return wp.func_native(snippet)(stub)

    return register


def _switched(snippet: str, squared: bool) -> str:
    return f"enum {{ SQUARED = {int(squared)} }};" + snippet


def _types(heads: int, dim: int, dim_v: int, scalar: type) -> str:
    lanes = lane_count(MOST_NODES, scalar)
    size = 4 if scalar is wp.float32 else 8
    vectors = ""
    for name, width in (("keys", dim), ("values", dim_v)):
        count = lane_count(width, scalar)
        attributes = f"__attribute__((ext_vector_type({count}), aligned({size}), may_alias))"
        vectors += f"typedef number {name} {attributes if count > 1 else ''};"
        vectors += f"enum {{ {name.upper()} = {width // count} }};"
    return f"""
        {lane_types(scalar, lanes)} {vectors}
        enum {{ H = {heads}, D = {dim}, DV = {dim_v}, L = {lanes}, MOST = {MOST_NODES} }};
    """


def _reduced(snippet: str, scalar: type) -> str:
    """The largest lane of ``peak`` as ``level``, the sum of those of ``sums`` as ``total``."""
    halves = range(lane_count(MOST_NODES, scalar).bit_length() - 1)
    largest, summed = "const auto peak_0 = peak;", "const auto sums_0 = sums;"
    for i in halves:
        low, high = f"peak_{i}.lo", f"peak_{i}.hi"
        largest += f"const auto peak_{i + 1} = {low} > {high} ? {low} : {high};"
        summed += f"const auto sums_{i + 1} = sums_{i}.lo + sums_{i}.hi;"
    last = len(halves)
    largest, summed = (
        f"{largest} level = peak_{last};",
        f"{summed} const number total = sums_{last};",
    )
    return snippet.replace("LARGEST", largest).replace("SUM", summed)


def _exponential(scalar: type) -> str:
    """Scores of a row become exp(score - level)."""
    return f"""
        for (int b = 0; b < blocks; ++b) {{
            const lanes x = score[b] - level;
            {exponential_series(scalar)}
            score[b] = y;
        }}
    """


# Keys by channel, and what is added to the logits of a key; columns beyond the graph are masked.
_KEYS = """
    const int blocks = (nodes + L - 1) / L, width = blocks * L;
    lanes by_channel[D * (MOST / L)], extra[MOST / L];
    for (int j = 0; j < width; ++j) {
        const number* k = key.data + (size_t)(first + j) * apart + head * D;
        number square = 0;
        for (int c = 0; c < D; ++c) {
            const number x = j < nodes ? k[c] : number(0);
            ((number*)by_channel)[c * width + j] = x;
            square += x * x;
        }
        const number shift = SQUARED ? number(-0.5) * scale * square : number(0);
        ((number*)extra)[j] = j < nodes ? shift : -number(__builtin_inf());
    }
"""

_VALUES = """
    lanes value_by_channel[DV * (MOST / L)], pulled_sum[MOST / L];
    for (int j = 0; j < width; ++j) {
        const number* v = value.data + (size_t)(first + j) * apart_v + head * DV;
        for (int c = 0; c < DV; ++c)
            ((number*)value_by_channel)[c * width + j] = j < nodes ? v[c] : number(0);
    }
    keys key_pull[MOST * KEYS];
    values value_pull[MOST * VALUES];
    for (int b = 0; b < blocks; ++b) pulled_sum[b] = (lanes)number(0);
    for (int i = 0; i < nodes * KEYS; ++i) key_pull[i] = (keys)number(0);
    for (int i = 0; i < nodes * VALUES; ++i) value_pull[i] = (values)number(0);
"""

# Opens the loop over rows; ``score`` holds their logits.
_ROWS = """
    for (int i = 0; i < nodes; ++i) {
        const size_t node = (size_t)(first + i) * H + head;
        const number* q = query.data + (size_t)(first + i) * apart + head * D;
        const int64_t* place = edge.data + row_ptr.data[first + i];
        lanes score[MOST / L];
        for (int b = 0; b < blocks; ++b) {
            lanes even = (lanes)number(0), odd = (lanes)number(0);
            for (int c = 0; c + 1 < D; c += 2) {
                even += q[c] * by_channel[c * blocks + b];
                odd += q[c + 1] * by_channel[(c + 1) * blocks + b];
            }
            if (D % 2) even += q[D - 1] * by_channel[(D - 1) * blocks + b];
            score[b] = scale * (even + odd) + extra[b];
        }
        if (bias.data)
            for (int j = 0; j < nodes; ++j) ((number*)score)[j] += bias.data[place[j] * H + head];
        number level = 0;
"""

_PEAK = """
        lanes peak = score[0];
        for (int b = 1; b < blocks; ++b) peak = score[b] > peak ? score[b] : peak;
        LARGEST
        if (level == -number(__builtin_inf())) level = 0;  // every edge is masked
"""

_MIX = """
        lanes sums = score[0];
        for (int b = 1; b < blocks; ++b) sums += score[b];
        SUM
        lse.data[node] = total == 0 ? -number(__builtin_inf()) : level + wp::log(total);
        if (factor.data)
            for (int j = 0; j < nodes; ++j) ((number*)score)[j] *= factor.data[place[j] * H + head];
        const number share = total == 0 ? number(1) : number(1) / total;
        const values* v = (const values*)(value.data + (size_t)first * apart_v + head * DV);
        const int step = apart_v / (DV / VALUES);
        values* result = (values*)(out.data + node * DV);
        for (int c = 0; c < VALUES; ++c) {
            values part[4];
            for (int a = 0; a < 4; ++a) part[a] = (values)number(0);
            int j = 0;
            for (; j + 3 < nodes; j += 4)
                for (int a = 0; a < 4; ++a)
                    part[a] += ((number*)score)[j + a] * v[(j + a) * step + c];
            for (; j < nodes; ++j) part[0] += ((number*)score)[j] * v[j * step + c];
            result[c] = share * ((part[0] + part[1]) + (part[2] + part[3]));
        }
"""

_WEIGHTS = """
        const number* up = grad_out.data + node * DV;
        level = lse.data[node];
        if (level == -number(__builtin_inf())) level = 0;
        number mean = 0;
        for (int c = 0; c < DV; ++c) mean += up[c] * out.data[node * DV + c];
        lanes pull[MOST / L];
        for (int b = 0; b < blocks; ++b) {
            lanes even = (lanes)number(0), odd = (lanes)number(0);
            for (int c = 0; c + 1 < DV; c += 2) {
                even += up[c] * value_by_channel[c * blocks + b];
                odd += up[c + 1] * value_by_channel[(c + 1) * blocks + b];
            }
            if (DV % 2) even += up[DV - 1] * value_by_channel[(DV - 1) * blocks + b];
            pull[b] = even + odd;
        }
"""

# ``score`` holds the weights now, ``pull`` what the loss wants of them.
_PULL = """
        if (grad_factor.data)
            for (int j = 0; j < nodes; ++j)
                grad_factor.data[place[j] * H + head] = ((number*)score)[j] * ((number*)pull)[j];
        lanes weight[MOST / L];
        for (int b = 0; b < blocks; ++b) weight[b] = score[b];
        if (factor.data)
            for (int j = 0; j < nodes; ++j) {
                const number f = factor.data[place[j] * H + head];
                ((number*)weight)[j] *= f;
                ((number*)pull)[j] *= f;
            }
        for (int b = 0; b < blocks; ++b) pull[b] = score[b] * (pull[b] - mean);
        if (grad_bias.data)
            for (int j = 0; j < nodes; ++j)
                grad_bias.data[place[j] * H + head] = ((number*)pull)[j];
        for (int b = 0; b < blocks; ++b) {
            pull[b] *= scale;
            if (SQUARED) pulled_sum[b] += pull[b];
        }
        const size_t own_head = head * D;
        const keys* k = (const keys*)(key.data + (size_t)first * apart + own_head);
        keys* result = (keys*)(grad_query.data + (size_t)(first + i) * apart + own_head);
        const int step = apart / (D / KEYS);
        for (int c = 0; c < KEYS; ++c) {
            const keys own = ((const keys*)q)[c];
            keys even = (keys)number(0), odd = (keys)number(0);
            int j = 0;
            for (; j + 1 < nodes; j += 2) {
                const number s = ((number*)pull)[j], t = ((number*)pull)[j + 1];
                even += s * k[j * step + c];
                odd += t * k[(j + 1) * step + c];
                key_pull[j * KEYS + c] += s * own;
                key_pull[(j + 1) * KEYS + c] += t * own;
            }
            if (j < nodes) {
                even += ((number*)pull)[j] * k[j * step + c];
                key_pull[j * KEYS + c] += ((number*)pull)[j] * own;
            }
            result[c] = even + odd;
        }
        for (int c = 0; c < VALUES; ++c) {
            const values own = ((const values*)up)[c];
            for (int j = 0; j < nodes; ++j)
                value_pull[j * VALUES + c] += ((number*)weight)[j] * own;
        }
"""

_COLUMNS = """
    for (int j = 0; j < nodes; ++j) {
        const size_t place = (size_t)(first + j) * apart + head * D;
        const keys* k = (const keys*)(key.data + place);
        keys* to_key = (keys*)(grad_key.data + place);
        values* to_value = (values*)(grad_value.data + (size_t)(first + j) * apart_v + head * DV);
        const number s = SQUARED ? ((number*)pulled_sum)[j] : number(0);
        for (int c = 0; c < KEYS; ++c) to_key[c] = key_pull[j * KEYS + c] - s * k[c];
        for (int c = 0; c < VALUES; ++c) to_value[c] = value_pull[j * VALUES + c];
    }
"""
