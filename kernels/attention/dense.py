"""When attention runs over small graphs as dense matrices, and how.

Query, key and value may have any one stride between nodes that query and key share; their gradients
have the same.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.attention.dense_kernel import (
    DenseKernels,
    dense_kernels,
    dropout_kernel,
)
from graphformers.kernels.attention.dense_native import MOST_CHANNELS, MOST_NODES
from graphformers.kernels.attention.reference import AttentionSettings, AttentionTensors
from graphformers.kernels.launch import WARP_SCALARS, launch_rows

_DENSE_SCORES = ("dot", "l2")  # sums of products of a query's and a key's channels


def is_dense(
    tensors: AttentionTensors, settings: AttentionSettings, largest_block: int, pairs: bool
) -> bool:
    """Whether the graphs are small and complete, and nothing is asked that needs single pairs."""
    return (
        0 < largest_block <= MOST_NODES
        and not tensors.query.is_cuda
        and tensors.query.dtype in WARP_SCALARS
        and not pairs
        and settings.score in _DENSE_SCORES
        and settings.clamp == torch.inf
        and tensors.edge is None
        and tensors.channel_weight is None
        and max(tensors.query.shape[2], tensors.value.shape[2]) <= MOST_CHANNELS
    )


def attend_densely(
    given: AttentionTensors,
    settings: AttentionSettings,
    pattern: Sequence,
    written: Sequence[Tensor | None],
) -> None:
    """Write the result and the log-sum-exp."""
    kernels, slots, work = _specialise(given, settings, pattern)
    factor = _factor(given, settings, pattern[2].shape[0])
    inputs = (*_arrays(pattern, given), *given[:3], given.bias, factor, settings.scale)
    launch_rows(kernels.forward, slots, given.query.shape[1], (*inputs, *written), work)


def pull_back_densely(
    given: AttentionTensors,
    settings: AttentionSettings,
    pattern: Sequence,
    known: Sequence[Tensor | None],
    grads: Sequence[Tensor | None],
) -> None:
    """Write the gradients; arguments as those of the other backward passes."""
    kernels, slots, work = _specialise(given, settings, pattern)
    (lse, out, _, _, grad_out, *_), (*ends, _, _, bias, gate, bad) = known, grads
    edges = pattern[2].shape[0]
    factor = _factor(given, settings, edges)
    inputs = (*_arrays(pattern, given), *given[:3], given.bias, factor, settings.scale)
    written = (out, lse, grad_out, *ends, bias, gate, bad)
    launch_rows(kernels.backward, slots, given.query.shape[1], (*inputs, *written), 3 * work)
    if gate is not None and given.seed is not None:
        gate.mul_(cast(Tensor, _factor(given._replace(gate=None), settings, edges)))


def _arrays(pattern: Sequence, given: AttentionTensors) -> tuple[Tensor, int, int, Tensor, Tensor]:
    """First node of every graph, strides of nodes, first slot of every node, edge of every slot."""
    strides = given.query.stride(0), given.value.stride(0)
    return pattern[3].contiguous(), *strides, pattern[0].contiguous(), pattern[2].contiguous()


def _specialise(
    given: AttentionTensors, settings: AttentionSettings, pattern: Sequence
) -> tuple[DenseKernels, Tensor, int]:
    blocks, _, _, row_ptr, edge = _arrays(pattern, given)
    (_, heads, dim), dim_v = given.query.shape, given.value.shape[2]
    if (given.bias is not None or given.gate is not None or given.seed is not None) and len(edge):
        lowest, highest = (int(one) for one in edge.aminmax())
        if lowest < 0 or highest >= len(edge):
            raise ShapeError(f"edge numbers must be in [0, {len(edge)}); got {lowest} to {highest}")
    scalar = WARP_SCALARS[given.query.dtype]
    kernels = dense_kernels(heads, dim, dim_v, scalar, settings.score == "l2")
    return kernels, row_ptr.index_select(0, blocks), edge.shape[0] * (dim + dim_v) * heads // 4


def _factor(given: AttentionTensors, settings: AttentionSettings, edges: int) -> Tensor | None:
    """What multiplies the weights after the softmax: the gate, dropout, both or nothing."""
    if given.seed is None:
        return given.gate
    kept = torch.empty(edges, given.query.shape[1], dtype=given.query.dtype)
    weights = torch.arange(kept.numel() + 1)
    arguments = (given.seed, settings.dropout, given.gate, kept)
    launch_rows(dropout_kernel(WARP_SCALARS[kept.dtype]), weights, 1, arguments, kept.numel())
    return kept
