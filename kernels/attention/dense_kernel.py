"""Dot-product attention over all pairs inside small graphs: a thread takes a graph and a head.

Arrays are those of ``kernel.py``; ``factor`` (edges, heads) is what a weight is multiplied by after
the softmax, gate and dropout together.
"""

import threading
from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

from graphformers.kernels.attention.dense_native import MOST_NODES, dense_backward, dense_forward
from graphformers.kernels.randomness import child_function

_creation = threading.Lock()


class DenseKernels(NamedTuple):
    """The launches of one specialisation."""

    forward: wp.Kernel
    backward: wp.Kernel


def dense_kernels(heads: int, dim: int, dim_v: int, scalar: type, squared: bool) -> DenseKernels:
    """Kernels for these widths; threads that ask for the same ones wait for each other."""
    with _creation:
        return _dense_kernels(heads, dim, dim_v, scalar, squared)


@cache
@no_type_check
def _dense_kernels(heads: int, dim: int, dim_v: int, scalar: type, squared: bool) -> DenseKernels:
    name = f"{heads}.{dim}.{dim_v}.{squared}.{scalar.__name__}"
    module = wp.get_module(f"graphformers.attention.dense.{name}")
    flags = f"{wp.config.cpu_compiler_flags or '-march=native'} -ffp-contract=fast"
    wp.set_module_options({"cpu_compiler_flags": flags}, module=module)
    attend = dense_forward(heads, dim, dim_v, scalar, squared)
    pull_back = dense_backward(heads, dim, dim_v, scalar, squared)
    numbers, indices = wp.array[scalar], wp.array[wp.int64]

    @wp.func(module=module)
    def complete(row_ptr: indices, node: int, nodes: int, bad: wp.array[wp.int32]):
        """Whether every row of the graph has as many slots as the graph has nodes."""
        slots = row_ptr[node + nodes] - row_ptr[node]
        if nodes < 0 or nodes > MOST_NODES or slots != wp.int64(nodes * nodes):
            bad[0] = 1
            return False
        return True

    @wp.kernel(enable_backward=False, module=module)
    def dense_attend(
        first: int,
        blocks: indices,  # (graphs + 1,) first node of every graph
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
        out: numbers,  # written
        lse: numbers,  # written
        bad: wp.array[wp.int32],  # written
    ):
        offset, head = wp.tid()
        node = int(blocks[first + offset])
        nodes = int(blocks[first + offset + 1]) - node
        if complete(row_ptr, node, nodes, bad):
            attend(
                node,
                nodes,
                head,
                apart,
                apart_v,
                row_ptr,
                edge,
                query,
                key,
                value,
                bias,
                factor,
                scale,
                out,
                lse,
            )

    @wp.kernel(enable_backward=False, module=module)
    def dense_pull_back(
        first: int,
        blocks: indices,
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
        grad_query: numbers,  # written, like all that follow
        grad_key: numbers,
        grad_value: numbers,
        grad_bias: numbers,
        grad_factor: numbers,
        bad: wp.array[wp.int32],
    ):
        offset, head = wp.tid()
        node = int(blocks[first + offset])
        nodes = int(blocks[first + offset + 1]) - node
        if complete(row_ptr, node, nodes, bad):
            pull_back(
                node,
                nodes,
                head,
                apart,
                apart_v,
                row_ptr,
                edge,
                query,
                key,
                value,
                bias,
                factor,
                scale,
                out,
                lse,
                grad_out,
                grad_query,
                grad_key,
                grad_value,
                grad_bias,
                grad_factor,
            )

    return DenseKernels(dense_attend, dense_pull_back)


@cache
@no_type_check
def dropout_kernel(scalar: type) -> wp.Kernel:
    """Zero for the weights that dropout drops, 1 / (1 - dropout) for the others."""
    numbers = wp.array[scalar]
    module = wp.get_module(f"graphformers.attention.dropout.{scalar.__name__}")

    @wp.kernel(enable_backward=False, module=module)
    def factors(
        first: int,
        seed: wp.array[wp.int64],
        dropout: wp.float64,
        gate: numbers,  # (weights,) or null
        kept: numbers,  # (weights,) written
    ):
        offset, _lane = wp.tid()
        weight = first + offset
        bits = child_function(wp.uint64(seed[0]), wp.uint64(weight)) >> wp.uint64(11)
        threshold = wp.uint64(dropout * wp.float64(9007199254740992.0))
        larger = scalar(wp.float64(1.0) / (wp.float64(1.0) - dropout))
        share = wp.where(bits < threshold, scalar(0.0), larger)
        if gate:
            share = share * gate[weight]
        kept[weight] = share

    return factors
