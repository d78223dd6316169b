"""Sparse attention of one score, shape and precision: forward and backward passes.

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
of a chunk. Where the nodes fall into many small blocks, a CPU thread takes a block at a time and
visits its edges once instead of by rows and again by columns. An edge whose logit is minus infinity
is masked, and a row without other edges gives zeros.

Loops over channels and heads are ``while`` loops: clang makes vector code of them, not of
``range``.
"""

import threading
from functools import cache
from typing import NamedTuple

import warp as wp

from graphformers.kernels.attention.backward_kernel import backward_kernel
from graphformers.kernels.attention.edge_kernel import Shape, edge_math
from graphformers.kernels.attention.forward_kernel import forward_kernel
from graphformers.kernels.attention.score import find_score

_creation = threading.Lock()


class AttentionKernels(NamedTuple):
    """The launches of one specialisation."""

    forward: wp.Kernel
    backward_rows: wp.Kernel
    backward_columns: wp.Kernel
    backward_blocks: wp.Kernel


def attention_kernels(score: str, shape: Shape) -> AttentionKernels:
    """Kernels of a named score; threads that ask for the same ones wait for each other."""
    with _creation:
        return _attention_kernels(score, shape)


@cache
def _attention_kernels(score: str, shape: Shape) -> AttentionKernels:
    """One module holds all of them, so that a new shape compiles once."""
    numbers = ".".join(str(number) for number in shape[:4])
    module = wp.get_module(f"graphformers.attention.{score}.{numbers}.{shape.scalar.__name__}")
    flags = f"{wp.config.cpu_compiler_flags or '-march=native'} -ffp-contract=fast"
    wp.set_module_options({"max_unroll": 1, "cpu_compiler_flags": flags}, module=module)
    math = edge_math(module, find_score(score), shape)
    inputs = find_score(score).edge_inputs
    return AttentionKernels(
        forward_kernel(module, math, shape, inputs),
        backward_kernel(module, math, shape, inputs, "rows"),
        backward_kernel(module, math, shape, inputs, "columns"),
        backward_kernel(module, math, shape, inputs, "blocks"),
    )
