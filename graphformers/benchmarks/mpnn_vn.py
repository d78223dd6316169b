"""A training step with virtual nodes, beside one large graph with edges of three types.

All models have 10 layers of width 64 and the same weights, and read the same graphs, as large as
ZINC's molecules. The other one gathers and scatters along lists of edges, those of the virtual
nodes like any other. A step forgets what was worked out about the batch in the one before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from graphformers.benchmarks.gps import molecules
from graphformers.benchmarks.workload import OURS, Contender, Workload
from graphformers.encodings import encode
from graphformers.graph_batch import GraphBatch
from graphformers.layers import GatedGCN
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
        relations = {"local": batch.edge_index, "gather": up, "scatter": up.flip(0)}
        x = torch.cat([model.embed(batch), start.node.expand(len(batch), -1)])
        features = {
            "local": edge_states(model.edge_features, CONFIG.edges, batch),  # pyright: ignore[reportArgumentType]
            "gather": start.gather.expand(count, -1),
            "scatter": start.scatter.expand(count, -1),
        }
        for block in model.blocks:
            changes = changes_of(block, x, features, relations)
            x = x + sum(change for change, _ in changes.values())
            features = {name: features[name] + change for name, (_, change) in changes.items()}
        return model.head(x[:count], batch.ptr)


def changes_of(
    block: nn.Module, x: Tensor, features: Mapping[str, Tensor], relations: Mapping[str, Tensor]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Changes of nodes and edges by every relation."""
    return {
        name: scattered(getattr(block, name), x, features[name], ends)
        for name, ends in relations.items()
    }


def scattered(layer: GatedGCN, x: Tensor, edge: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """One gated graph convolution, every step an indexed gather or a scatter."""
    source, target = ends
    own, value, gate_target, gate_source = layer.node_maps(x).chunk(4, dim=1)
    logit = gate_target[target] + gate_source[source] + layer.edge_map(edge)
    gate = logit.sigmoid()
    total = torch.zeros_like(value).index_add(0, target, gate * value[source])
    weight = torch.zeros_like(value).index_add(0, target, gate)
    update = own + total / (weight + 1e-6)
    return layer.node_norm(update).relu(), layer.edge_norm(logit).relu()
