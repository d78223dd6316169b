"""Fixed numbers of nodes from within two hops: the tokens of LargeGT."""

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
from graphformers.kernels.sampling.hop_tokens.kernel import hop_token_kernel

_CHUNK_KEYS = 1 << 22  # keys kept at once: 32 MB
_NODE_WORK = 10_000  # multiply-adds of a node with a few hundred paths of length two


def sample_hop_tokens(
    indptr: Int[Tensor, " nodes_plus_1"],
    indices: Int[Tensor, " edges"],
    length: int,
    nodes: Int[Tensor, " rows"] | None = None,
    *,
    seed: int = 0,
) -> Int[Tensor, "rows length"]:
    """Give every node a sequence: itself, then ``length - 1`` nodes from one and two hops away.

    They are drawn without replacement from the entries of the node's row and the distinct ends of
    the paths of two listed steps, as in the rows of A and of the pattern of A A; a node that is
    both counts twice, a neighbour listed twice as well. Fewer than ``length - 1`` are repeated from
    the first, the row as it stands before the ends by number; where there is none, nodes are drawn
    from the whole graph.

    ``nodes`` are those wanted, all when left out; the sequence of a node depends on ``seed`` and
    the node alone, so that a large graph can be done part by part. A A is never formed: memory is
    that of the result and at most 32 MB, whatever the degrees, while time grows with the number of
    paths of length two. The graph may be memory-mapped.

    Source: LargeGT, Dwivedi et al. 2023, arXiv:2312.11109, section 3. Theirs draws in Python from
    a stored A A; ours leaves the order of repetition to no library.
    """
    graph = CSRGraph(indptr=indptr, indices=indices)
    if length < 1:
        raise ShapeError(f"length must be at least 1, the node itself; got {length}")
    rows = torch.arange(graph.num_nodes) if nodes is None else nodes.contiguous()
    check_axis("nodes", rows, (torch.int64,))
    if rows.shape[0] and not 0 <= int(rows.min()) <= int(rows.max()) < graph.num_nodes:
        found = f"{int(rows.min())} ... {int(rows.max())}"
        raise ShapeError(f"nodes must lie in 0 ... {graph.num_nodes - 1}; got {found}")
    tokens = torch.empty(rows.shape[0], length, dtype=torch.int64)
    for part, out in _chunks(rows, tokens):
        _fill_(out, graph, part, child(seed))
    return tokens


def _chunks(rows: Tensor, tokens: Tensor) -> list[tuple[Tensor, Tensor]]:
    size = max(1, _CHUNK_KEYS // tokens.shape[1])
    return list(zip(rows.split(size), tokens.split(size), strict=True))


def _fill_(tokens: Tensor, graph: CSRGraph, rows: Tensor, seed: int) -> None:
    nodes, report, keys = rows.clone(), torch.empty_like(rows), torch.empty_like(tokens)
    each = torch.arange(rows.shape[0] + 1)
    kernel = cast(wp.Kernel, hop_token_kernel)  # what the decorator made of the function
    arguments = (graph_addresses(graph), seed, nodes, keys, tokens, report)
    launch_rows(kernel, each, 1, arguments, rows.shape[0] * _NODE_WORK)
    check_rows(graph, nodes, report)
