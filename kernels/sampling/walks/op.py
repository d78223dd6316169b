"""Random walks from given nodes."""

import math
from typing import cast

import torch
import warp as wp
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.launch import launch_rows
from graphformers.kernels.randomness import child
from graphformers.kernels.sampling.addresses import check_rows, graph_addresses
from graphformers.kernels.sampling.graph import CSRGraph, check_axis
from graphformers.kernels.sampling.walks.kernel import walk_kernel

_STEP_WORK = 300  # multiply-adds a step takes the time of: it waits for memory twice


def random_walks(
    indptr: Int[Tensor, " nodes_plus_1"],
    indices: Int[Tensor, " edges"],
    starts: Int[Tensor, " walks"],
    steps: int,
    *,
    p: float = 1.0,
    q: float = 1.0,
    seed: int = 0,
) -> Int[Tensor, "walks steps_plus_1"]:
    r"""Walk ``steps`` steps from every start, each to a listed neighbour of the node before.

    .. math:: P(x \mid v, t) \propto \begin{cases} 1/p & x = t \\ 1 & x \in N(t) \\ 1/q
        & \text{otherwise} \end{cases}

    for a step from ``v`` to ``x`` after one from ``t`` to ``v``, :math:`N(t)` the neighbours listed
    for ``t``; with ``p = q = 1``, and in the first step, all neighbours have equal chances. A
    neighbour listed twice has twice the chance. A walk ends where no neighbour is listed; what
    would follow is -1. Walk ``w`` depends on ``seed`` and ``w`` alone. The graph may be
    memory-mapped; an edge is looked up along the row of ``t``.

    Source: node2vec, Grover and Leskovec 2016, arXiv:1607.00653, section 3.2.
    """
    graph = CSRGraph(indptr=indptr, indices=indices)
    check_axis("starts", starts.contiguous(), (torch.int64,))
    if steps < 0:
        raise ShapeError(f"steps must not be negative; got {steps}")
    for name, value in (("p", p), ("q", q)):
        if not 0 < value < math.inf:
            raise ShapeError(f"{name} must be positive and finite; got {value}")
    walks = torch.full((starts.shape[0], steps + 1), -1)
    walks[:, 0] = starts
    if starts.shape[0] and not 0 <= int(starts.min()) <= int(starts.max()) < graph.num_nodes:
        found = f"{int(starts.min())} ... {int(starts.max())}"
        raise ShapeError(f"starts must lie in 0 ... {graph.num_nodes - 1}; got {found}")
    report, each = starts.new_zeros(starts.shape), torch.arange(starts.shape[0] + 1)
    kernel = cast(wp.Kernel, walk_kernel)  # what the decorator made of the function
    arguments = (graph_addresses(graph), child(seed), 1 / p, 1 / q, walks, report)
    launch_rows(kernel, each, 1, arguments, starts.shape[0] * steps * _STEP_WORK)
    check_rows(graph, walks[:, 0], report)
    return walks
