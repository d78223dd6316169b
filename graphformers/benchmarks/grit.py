"""A GRIT training step, beside the published formulation: index and scatter over a list of pairs.

Both models have 10 layers of width 64 with 8 heads and read the same graphs, as large as ZINC's
molecules, with the same weights. A step is forward, backward and AdamW; it forgets what was worked
out about the batch in the one before, random walks included.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch_geometric.utils import scatter, softmax

from graphformers.benchmarks.gps import molecules
from graphformers.benchmarks.training_step import training_step
from graphformers.benchmarks.workload import OURS, Workload
from graphformers.graph_batch import GraphBatch
from graphformers.models import GRIT, GRITConfig

SIZES = (32, 128, 512)
CONFIG = GRITConfig.zinc_full()


def workloads(size: int) -> Iterator[Workload]:
    """One training step on a batch of ``size`` molecules."""
    batch = replace(molecules(size), encodings={}, encoded_with=())
    yield Workload(
        operation="GRIT step",
        order="molecules",
        size=size,
        unit="graphs",
        contenders={
            OURS: training_step(GRIT(CONFIG), batch),
            "index and scatter": training_step(ScatterGRIT(CONFIG), batch),
        },
    )


class ScatterGRIT(nn.Module):
    """The same function written as the authors do: every intermediate has a row per pair."""

    def __init__(self, config: GRITConfig):
        super().__init__()
        self.shared = GRIT(config)  # the same modules; their forward passes are not used

    def forward(self, batch: GraphBatch) -> Tensor:
        """One value per graph."""
        model, pattern = self.shared, batch.pairs
        source, target = pattern.source, pattern.target
        log_degree = torch.bincount(batch.edge_index[0], minlength=batch.num_nodes).add(1).log()
        x, pairs = model.embed(batch, pattern)
        for block in model.blocks:
            x, pairs = scatter_block(block, x, pairs, (source, target), log_degree)
        return model.head(x, batch.ptr)


def scatter_block(block, x: Tensor, pairs: Tensor, ends: tuple[Tensor, Tensor], log_degree: Tensor):
    """One layer, step by step."""
    attention, (source, target) = block.attention, ends
    heads, width = attention.heads, attention.dim // attention.heads
    query, key, value = F.linear(x, attention.query_key_value.weight).chunk(3, dim=1)
    query, key, value = (
        one.view(-1, heads, width) for one in (query + attention.query_bias, key, value)
    )
    weight, bias = attention.pair_maps(pairs).view(-1, heads, 2 * width).chunk(2, dim=-1)
    score = (key[source] + query[target]) * weight
    score = torch.sqrt(torch.relu(score)) - torch.sqrt(torch.relu(-score))
    score = torch.relu(score + bias)
    features = score.flatten(1)
    logit = torch.einsum("phc,hc->ph", score, attention.channel_weight)
    logit = logit.clamp(-attention.clamp, attention.clamp)
    share = softmax(logit, target, num_nodes=x.shape[0])
    share = F.dropout(share, attention.attention_dropout, attention.training)[..., None]
    out = scatter(value[source] * share, target, dim=0, dim_size=x.shape[0])
    rows = scatter(score * share, target, dim=0, dim_size=x.shape[0])
    out = out + torch.einsum("nhc,hcv->nhv", rows, attention.pair_value)
    scaled = attention.degree_scaler(out.flatten(1), log_degree)
    x = block.attention_norm(x + attention.output(scaled))
    pairs = block.pair_norm(pairs + attention.pair_output(features))
    hidden = block.activation(block.widen(x))
    return block.output_norm(x + block.narrow(hidden)), pairs
