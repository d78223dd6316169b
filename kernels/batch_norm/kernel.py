"""Batch normalisation on a CPU: sums over chunks of rows, then every row once.

========  ==============  ==================================================================
x         (rows, dim)
sums      (chunks, 2, dim)  of a chunk: the first sum and the second, written by the first pass
stats     (2, dim)        mean less the first row, and variance, written by the second forward pass
========  ==============  ==================================================================

A chunk has the same rows whatever the number of threads, so the bits are the same. Sums run over
the difference to the first row, so that a large mean costs no digits.
"""

from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

from graphformers.kernels.lanes import lane_count, lane_types

CHUNK = 256  # rows

_START = """
    const lanes* X = (const lanes*)x.data;
    const int last = start + CHUNK < rows ? start + CHUNK : rows;
"""

_SUMS = """
    lanes one[B], two[B];
    for (int b = 0; b < B; ++b) { one[b] = (lanes)number(0); two[b] = (lanes)number(0); }
    for (int r = start; r < last; ++r)
        for (int b = 0; b < B; ++b) {
            EACH
        }
    lanes* out = (lanes*)sums.data + (size_t)(start / CHUNK) * 2 * B;
    for (int b = 0; b < B; ++b) { out[b] = one[b]; out[B + b] = two[b]; }
"""

# Sums of all chunks, in their order.
_TOTALS = """
    lanes one[B], two[B];
    for (int b = 0; b < B; ++b) { one[b] = (lanes)number(0); two[b] = (lanes)number(0); }
    for (int chunk = 0; chunk * CHUNK < rows; ++chunk) {
        const lanes* part = (const lanes*)sums.data + (size_t)chunk * 2 * B;
        for (int b = 0; b < B; ++b) { one[b] += part[b]; two[b] += part[B + b]; }
    }
    const number share = number(1) / rows;
"""

_FORWARD_SUMS = _START + _SUMS.replace(
    "EACH",
    "const lanes d = X[(size_t)r * B + b] - X[b]; one[b] += d; two[b] += d * d;",
)

_NORMALIZE = (
    _START
    + _TOTALS
    + """
    lanes scale[B], moved[B];
    for (int b = 0; b < B; ++b) {
        moved[b] = one[b] * share;
        lanes variance = two[b] * share - moved[b] * moved[b];
        variance = variance < number(0) ? (lanes)number(0) : variance;
        for (int l = 0; l < L; ++l)
            ((number*)&scale[b])[l] = number(1) / wp::sqrt(((number*)&variance)[l] + epsilon);
        scale[b] *= ((const lanes*)weight.data)[b];
        if (start == 0) {
            ((lanes*)stats.data)[b] = moved[b];
            ((lanes*)stats.data)[B + b] = variance;
        }
    }
    const lanes* shift = (const lanes*)bias.data;
    lanes* Y = (lanes*)y.data;
    for (int r = start; r < last; ++r)
        for (int b = 0; b < B; ++b)
            Y[(size_t)r * B + b] = (X[(size_t)r * B + b] - X[b] - moved[b]) * scale[b] + shift[b];
"""
)

_BACKWARD_SUMS = (
    _START
    + "const lanes* G = (const lanes*)grad.data; const lanes* moved = (const lanes*)stats.data;"
    + _SUMS.replace(
        "EACH",
        "const lanes g = G[(size_t)r * B + b]; one[b] += g;"
        " two[b] += g * (X[(size_t)r * B + b] - X[b] - moved[b]);",
    )
)

_PULL_BACK = (
    _START
    + _TOTALS
    + """
    const lanes* G = (const lanes*)grad.data;
    const lanes* moved = (const lanes*)stats.data;
    lanes scale[B], slope[B], shift[B];
    for (int b = 0; b < B; ++b) {
        lanes inverse;
        for (int l = 0; l < L; ++l)
            ((number*)&inverse)[l] = number(1) / wp::sqrt(stats.data[(B + b) * L + l] + epsilon);
        scale[b] = inverse * ((const lanes*)weight.data)[b];
        slope[b] = -scale[b] * inverse * inverse * two[b] * share;
        shift[b] = -scale[b] * one[b] * share;
        if (start == 0) {
            ((lanes*)grad_affine.data)[b] = two[b] * inverse;
            ((lanes*)grad_affine.data)[B + b] = one[b];
        }
    }
    lanes* out = (lanes*)grad_x.data;
    for (int r = start; r < last; ++r)
        for (int b = 0; b < B; ++b) {
            const size_t i = (size_t)r * B + b;
            out[i] = G[i] * scale[b] + (X[i] - X[b] - moved[b]) * slope[b] + shift[b];
        }
"""
)


class BatchNormKernels(NamedTuple):
    """The launches of one width and precision, in the order they are made."""

    sums: wp.Kernel
    normalize: wp.Kernel
    grad_sums: wp.Kernel
    pull_back: wp.Kernel


@cache
@no_type_check
def batch_norm_kernels(dim: int, scalar: type) -> BatchNormKernels:
    """Kernels for rows of ``dim`` numbers; a thread takes a chunk."""
    lanes = lane_count(dim, scalar)
    sizes = f"enum {{ L = {lanes}, B = {dim // lanes}, CHUNK = {CHUNK} }};"
    types = lane_types(scalar, lanes) + sizes
    numbers = wp.array[scalar]
    module = wp.get_module(f"graphformers.batch_norm.{dim}.{scalar.__name__}")
    flags = f"{wp.config.cpu_compiler_flags or '-march=native'} -ffp-contract=fast"
    wp.set_module_options({"cpu_compiler_flags": flags}, module=module)

    @wp.func_native(types + _FORWARD_SUMS)
    def forward_sums(start: int, rows: int, x: numbers, sums: numbers): ...

    @wp.func_native(types + _NORMALIZE)
    def normalize(
        start: int,
        rows: int,
        x: numbers,
        sums: numbers,
        weight: numbers,
        bias: numbers,
        epsilon: scalar,
        stats: numbers,
        y: numbers,
    ): ...

    @wp.func_native(types + _BACKWARD_SUMS)
    def backward_sums(
        start: int, rows: int, x: numbers, stats: numbers, grad: numbers, sums: numbers
    ): ...

    @wp.func_native(types + _PULL_BACK)
    def pull_back(
        start: int,
        rows: int,
        x: numbers,
        stats: numbers,
        grad: numbers,
        sums: numbers,
        weight: numbers,
        epsilon: scalar,
        grad_affine: numbers,
        grad_x: numbers,
    ): ...

    @wp.kernel(enable_backward=False, module=module)
    def batch_norm_sums(first: int, rows: int, x: numbers, sums: numbers):
        chunk, _lane = wp.tid()
        forward_sums((first + chunk) * CHUNK, rows, x, sums)

    @wp.kernel(enable_backward=False, module=module)
    def batch_norm_normalize(
        first: int,
        rows: int,
        x: numbers,
        sums: numbers,
        weight: numbers,
        bias: numbers,
        epsilon: scalar,
        stats: numbers,
        y: numbers,
    ):
        chunk, _lane = wp.tid()
        normalize((first + chunk) * CHUNK, rows, x, sums, weight, bias, epsilon, stats, y)

    @wp.kernel(enable_backward=False, module=module)
    def batch_norm_grad_sums(
        first: int, rows: int, x: numbers, stats: numbers, grad: numbers, sums: numbers
    ):
        chunk, _lane = wp.tid()
        backward_sums((first + chunk) * CHUNK, rows, x, stats, grad, sums)

    @wp.kernel(enable_backward=False, module=module)
    def batch_norm_pull_back(
        first: int,
        rows: int,
        x: numbers,
        stats: numbers,
        grad: numbers,
        sums: numbers,
        weight: numbers,
        epsilon: scalar,
        grad_affine: numbers,
        grad_x: numbers,
    ):
        chunk, _lane = wp.tid()
        start = (first + chunk) * CHUNK
        pull_back(start, rows, x, stats, grad, sums, weight, epsilon, grad_affine, grad_x)

    return BatchNormKernels(
        batch_norm_sums, batch_norm_normalize, batch_norm_grad_sums, batch_norm_pull_back
    )
