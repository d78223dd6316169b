"""A GT training step, beside the published formulation: messages along a list of edges.

All models have 10 layers of width 64 with 8 heads and the same weights, and read the same graphs,
as large as ZINC's molecules. They differ in how attention is computed: by our kernel, with one
tensor over edges after the other, or with DGL's fused products, as the authors do. A step forgets
what was worked out about the batch in the one before; DGL's graph is kept, as its loader makes it.
"""

import importlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor, nn

from graphformers.benchmarks.gps import molecules
from graphformers.benchmarks.workload import OURS, Contender, Workload, optional_module
from graphformers.encodings import encode
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers import EdgeAttention
from graphformers.models import GraphTransformer, GraphTransformerConfig

SIZES = (32, 128, 512)
CONFIG = GraphTransformerConfig.zinc(official=True)
TOLERANCE = 1e-3  # float32 through ten layers

Attend = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def workloads(size: int) -> Iterator[Workload]:
    """Forward and backward on a batch of ``size`` molecules."""
    batch = encode(molecules(size), CONFIG.encodings)
    torch.manual_seed(0)
    model = GraphTransformer(CONFIG)
    contenders = {
        OURS: step(model, batch),
        "index and scatter": step(with_attention(model, scattered(batch)), batch),
    }
    if optional_module("dgl"):
        contenders["DGL"] = step(with_attention(model, with_dgl(batch)), batch)
    yield Workload(
        operation="GT step",
        order="molecules",
        size=size,
        unit="graphs",
        contenders=contenders,
        tolerance=TOLERANCE,
    )


def step(model: nn.Module, batch: GraphBatch) -> Contender:
    """One forward and backward pass, with the same random signs every time."""

    def run() -> Tensor:
        torch.manual_seed(0)
        model.zero_grad()
        predicted = model(replace(batch))
        predicted.square().mean().backward()
        return predicted.detach()

    return run


class PlainAttention(nn.Module):
    """The same maps around another attention."""

    def __init__(self, ours: EdgeAttention, attend: Attend):
        super().__init__()
        self.heads, self.attend = ours.heads, attend
        self.query_key_value, self.edge_map = ours.query_key_value, ours.edge_map

    def forward(self, x: Tensor, edge: Tensor, pattern: SparsePattern) -> tuple[Tensor, Tensor]:
        """What every node attends to, and the scores of the edges."""
        maps = (*self.query_key_value(x).chunk(3, dim=1), self.edge_map(edge))
        attended, score = self.attend(*(one.unflatten(1, (self.heads, -1)) for one in maps))
        return attended.flatten(1), score.flatten(1)


def with_attention(model: GraphTransformer, attend: Attend) -> GraphTransformer:
    """A copy of the model that attends otherwise."""
    copied = deepcopy(model)
    for block in copied.blocks:
        block.attention = PlainAttention(block.attention, attend)  # pyright: ignore[reportArgumentType]
    return copied


def weights_of(score: Tensor) -> Tensor:
    """Of edges and heads, before they are divided by their sum."""
    return score.sum(-1, keepdim=True).clamp(-CONFIG.clamp, CONFIG.clamp).exp()


def scattered(batch: GraphBatch) -> Attend:
    """Every step an indexed gather or a scatter."""
    source, target = batch.edge_index

    def attend(query: Tensor, key: Tensor, value: Tensor, edge: Tensor) -> tuple[Tensor, Tensor]:
        score = key[source] * query[target] / query.shape[-1] ** 0.5 * edge
        weight = weights_of(score)
        mixed = torch.zeros_like(value).index_add(0, target, weight * value[source])
        total = torch.zeros_like(value[..., :1]).index_add(0, target, weight)
        return mixed / (total + CONFIG.softmax_epsilon), score

    return attend


def with_dgl(batch: GraphBatch) -> Attend:
    """DGL's fused products and sums."""
    dgl = importlib.import_module("dgl")
    graph = dgl.graph(tuple(batch.edge_index), num_nodes=batch.num_nodes)

    def attend(query: Tensor, key: Tensor, value: Tensor, edge: Tensor) -> tuple[Tensor, Tensor]:
        score = dgl.ops.u_mul_v(graph, key, query) / query.shape[-1] ** 0.5 * edge
        weight = weights_of(score)
        mixed = dgl.ops.u_mul_e_sum(graph, value, weight)
        return mixed / (dgl.ops.copy_e_sum(graph, weight) + CONFIG.softmax_epsilon), score

    return attend
