"""A PPGT training step, beside the published formulation: padded tables of pairs with masks.

Both models have 10 layers of width 64 with 8 heads and read the same graphs, as large as ZINC's
molecules, with the same weights. A step is forward, backward and AdamW; it forgets what was worked
out about the batch in the one before, random walks included.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.benchmarks.gps import molecules
from graphformers.benchmarks.training_step import training_step
from graphformers.benchmarks.workload import OURS, Workload
from graphformers.encodings import pair_encoding
from graphformers.graph_batch import GraphBatch
from graphformers.layers.padded_rows import PaddedRows
from graphformers.models import PPGT, PPGTConfig
from graphformers.models.features import CategoricalFeatures

SIZES = (32, 128, 512)
CONFIG = replace(PPGTConfig.zinc(), layers=10, nodes=CategoricalFeatures(sizes=(28,), normal=True))


def workloads(size: int) -> Iterator[Workload]:
    """One training step on a batch of ``size`` molecules."""
    batch = replace(molecules(size), encodings={}, encoded_with=())
    yield Workload(
        operation="PPGT step",
        order="molecules",
        size=size,
        unit="graphs",
        contenders={
            OURS: training_step(PPGT(CONFIG), batch),
            "dense and padded": training_step(DensePPGT(CONFIG), batch),
        },
    )


class DensePPGT(nn.Module):
    """The same function on tables (graphs, longest, longest, width), as the authors write it."""

    def __init__(self, config: PPGTConfig):
        super().__init__()
        self.config = config
        self.shared = PPGT(config)  # the same weights; its forward passes are not used

    def forward(self, batch: GraphBatch) -> Tensor:
        """One value per graph."""
        model, rows = self.shared, PaddedRows(batch.ptr, batch.num_nodes)
        graph, place = batch.batch, torch.arange(batch.num_nodes) - batch.ptr[batch.batch]
        mask = rows.pad(torch.ones(batch.num_nodes)).bool()
        walks = self.walk_table(batch, rows.longest, place)
        own = walks.diagonal(dim1=1, dim2=2).transpose(1, 2)
        degree = (walks[..., 1] != 0).float().sum(2, keepdim=True)
        size = mask.float().sum(1)[:, None, None].expand_as(degree)
        x = rows.pad(model.node_features(batch.x))
        for linear, values in zip(
            model.node_columns, (own, degree.log1p(), size.log1p()), strict=True
        ):
            x = x + linear(values)
        pair = self.pair_table(walks, degree, size)
        source, target = batch.edge_index
        ends, edge = (graph[target], place[target], place[source]), batch.edge_attr
        if model.edge_features is not None and edge is not None:
            pair = pair.index_put(ends, model.edge_features(edge), accumulate=True)
        x = self.layers(x, self.refine(pair), mask)
        return model.head(rows.unpad(x), batch.ptr)

    def walk_table(self, batch: GraphBatch, longest: int, place: Tensor) -> Tensor:
        """Random walks (graphs, longest, longest, channels), zero where a node is missing."""
        walks = pair_encoding(batch, self.config.walk)
        source, target = batch.pairs.edge_index
        table = walks.new_zeros(len(batch), longest, longest, walks.shape[1])
        return table.index_put((batch.batch[target], place[target], place[source]), walks)

    def pair_table(self, walks: Tensor, degree: Tensor, size: Tensor) -> Tensor:
        """Sines of everything that is known of a pair, and the MLP that reads them."""
        inverse = torch.where(degree > 0, 1 / degree, 0.0).squeeze(2)
        longest = degree.shape[1]
        columns = [
            walks,
            (1 / size).unsqueeze(2).expand(-1, -1, longest, -1),
            inverse[:, None, :, None].expand(-1, longest, -1, -1),
            inverse[:, :, None, None].expand(-1, -1, longest, -1),
        ]
        known = torch.cat(columns, dim=-1)
        mlp = self.shared.pair_columns
        parts = [known]
        for octave in range(mlp.octaves):
            angle = known * (math.pi * 2**octave)
            parts += [angle.sin(), angle.cos()]
        return mlp.output(F.gelu(mlp.widen(torch.cat(parts, dim=-1))))

    def refine(self, pair: Tensor) -> Tensor:
        """The feed-forward branches of the pairs."""
        stack = self.shared.pair_mlps
        for branch in stack.branches:
            pair = pair + feed_forward(branch, pair)
        return normalised(stack.last_norm, pair)

    def layers(self, x: Tensor, pair: Tensor, mask: Tensor) -> Tensor:
        """All blocks and the last norm."""
        maps, heads = self.shared.pair_maps.linear, 2 * self.config.heads
        hidden = mask[:, None, None, :].logical_not()
        for number, block in enumerate(self.shared.blocks):
            rows = slice(number * heads, (number + 1) * heads)
            known = F.linear(pair, maps.weight[rows], maps.bias[rows]).permute(0, 3, 1, 2)
            attended = dense_attention(block.attention, normalised(block.norm, x), known, hidden)
            x = x + dropped(block.drop_path, attended)
            x = x + dropped(block.drop_path, feed_forward(block.feed_forward, x))
        return normalised(self.shared.last_norm, x)


def dense_attention(attention, x: Tensor, known: Tensor, hidden: Tensor) -> Tensor:
    """Attention with all its tables."""
    query, key, value = (
        attention.query_key_value(x).unflatten(-1, (3, attention.heads, -1)).permute(2, 0, 3, 1, 4)
    )
    bias, gate = known.chunk(2, dim=1)
    logit = query @ key.transpose(2, 3) - 0.5 * key.square().sum(-1).unsqueeze(2)
    logit = logit / query.shape[-1] ** 0.5 + bias
    weight = logit.masked_fill(hidden, -1e16).softmax(-1) * (1 + gate)
    weight = F.dropout(weight, attention.dropout, attention.training)
    return attention.output((weight @ value).transpose(1, 2).flatten(2))


def feed_forward(branch, x: Tensor) -> Tensor:
    """Norm, widen, GELU, narrow."""
    return branch.narrow(F.gelu(branch.widen(normalised(branch.norm, x))))


def normalised(norm, x: Tensor) -> Tensor:
    """The adaptive norm, step by step."""
    plain = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)
    adapted = (norm.alpha * x + norm.beta).square().mean(-1, keepdim=True)
    return plain * torch.sqrt(adapted + 1e-6)


def dropped(drop_path, x: Tensor) -> Tensor:
    """A branch without some of its graphs."""
    if not drop_path.training:
        return x
    keep = 1 - drop_path.dropout
    return x * ((torch.rand(len(x), 1, 1) < keep).to(x.dtype) / keep)
