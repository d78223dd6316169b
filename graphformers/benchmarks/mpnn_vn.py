"""A training step with virtual nodes, beside one large graph with edges of three types.

All models have 10 layers of width 64 and the same weights, and read the same graphs, as large as
ZINC's molecules. The other one gathers and scatters along lists of edges, those of the virtual
nodes like any other. A step forgets what was worked out about the batch in the one before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from graphformers.benchmarks.gps import molecules
from graphformers.benchmarks.workload import OURS, Contender, Workload
from graphformers.encodings import encode
from graphformers.graph_batch import GraphBatch
from graphformers.layers import RelationalGatedGCN
from graphformers.models import VirtualNodeMPNN, VirtualNodeMPNNConfig
from graphformers.models.features import edge_states

SIZES = (32, 128, 512)
CONFIG = VirtualNodeMPNNConfig.zinc()
TOLERANCE = 1e-3  # float32 through ten layers


def workloads(size: int) -> Iterator[Workload]:
    """Forward and backward on a batch of ``size`` molecules."""
    batch = encode(molecules(size), CONFIG.encodings)
    torch.manual_seed(0)
    model = VirtualNodeMPNN(CONFIG)
    yield Workload(
        operation="MPNN-VN step",
        order="molecules",
        size=size,
        unit="graphs",
        contenders={
            OURS: step(model, batch),
            "index and scatter": step(LargeGraph(model), batch),
        },
        tolerance=TOLERANCE,
    )


def step(model: nn.Module, batch: GraphBatch) -> Contender:
    """One forward and backward pass."""

    def run() -> Tensor:
        model.zero_grad()
        predicted = model(replace(batch))
        predicted.square().mean().backward()
        return predicted.detach()

    return run


class LargeGraph(nn.Module):
    """The same weights; virtual nodes are nodes, and their edges are edges."""

    def __init__(self, model: VirtualNodeMPNN):
        super().__init__()
        self.model = model

    def forward(self, batch: GraphBatch) -> Tensor:
        """One value per graph."""
        model, start = self.model, self.model.start
        count, virtual = batch.num_nodes, batch.num_nodes + batch.batch
        up = torch.stack([torch.arange(count), virtual])
        relations = (up, up.flip(0), batch.edge_index)
        x = torch.cat([model.embed(batch), start.node.expand(len(batch), -1)])
        local = edge_states(model.edge_features, CONFIG.edges, batch)  # pyright: ignore[reportArgumentType]
        edges = [start.gather.expand(count, -1), start.scatter.expand(count, -1), local]
        for layer in model.blocks:
            x, edges = scattered(layer, x, edges, relations)  # pyright: ignore[reportArgumentType]
        return model.head(x[:count], batch.ptr)


def scattered(
    layer: RelationalGatedGCN, x: Tensor, edges: Sequence[Tensor], relations: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """One layer, relation by relation, every step an indexed gather or a scatter."""
    maps = layer.node_maps(x).chunk(layer.relations, dim=1)
    updates, changed = [], []
    for number, (source, target) in enumerate(relations):
        own, value, gate_target, gate_source = maps[number].chunk(4, dim=1)
        logit = gate_target[target] + gate_source[source] + layer.edge_maps[number](edges[number])
        gate = logit.sigmoid()
        total = torch.zeros_like(value).index_add(0, target, gate * value[source])
        weight = torch.zeros_like(value).index_add(0, target, gate)
        updates.append(own + total / (weight + 1e-6))
        changed.append(edges[number] + layer.edge_norms[number](logit).relu())
    change = layer.node_norm(torch.cat(updates, dim=1)).relu()
    return x + sum(change.chunk(layer.relations, dim=1)), changed
