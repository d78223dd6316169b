"""A GPS training step in both layouts, beside the same architecture from torch-geometric's layers.

All models have 10 layers of width 64 with GINE and 4 heads, and read the same graphs, as large as
ZINC's molecules. A step is forward, backward and AdamW, the same one for all.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch_geometric.nn import GINEConv, GPSConv, global_add_pool

from graphformers.benchmarks.training_step import training_step
from graphformers.benchmarks.workload import OURS, Workload
from graphformers.encodings import encode
from graphformers.graph_batch import GraphBatch
from graphformers.models import GPS, GPSConfig

SIZES = (32, 128, 512)
CONFIG = replace(GPSConfig.zinc(), attention_dropout=0.0)


def workloads(size: int) -> Iterator[Workload]:
    """One training step on a batch of ``size`` molecules."""
    batch = molecules(size)
    yield Workload(
        operation="GPS step",
        order="molecules",
        size=size,
        unit="graphs",
        contenders={
            OURS: training_step(GPS(CONFIG), batch),
            "graphformers, padded": training_step(GPS(replace(CONFIG, layout="padded")), batch),
            "torch-geometric": training_step(GeometricGPS(CONFIG), batch),
        },
    )


class GeometricGPS(nn.Module):
    """The same architecture from torch-geometric's layers."""

    def __init__(self, config: GPSConfig):
        super().__init__()
        self.nodes = nn.Embedding(28, config.feature_dim)
        self.edges = nn.Embedding(4, config.dim)
        self.raw_norm = nn.BatchNorm1d(20)
        self.walks = nn.Linear(20, config.dim - config.feature_dim)
        self.layers = nn.ModuleList(
            GPSConv(config.dim, GINEConv(perceptron(config.dim)), heads=config.heads)
            for _ in range(config.layers)
        )
        self.head = nn.Sequential(
            nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1)
        )

    def forward(self, batch: GraphBatch) -> Tensor:
        """One value per graph."""
        walks = self.walks(self.raw_norm(batch.encodings["rwse"]))
        x = torch.cat([self.nodes(batch.x[:, 0]), walks], dim=1)
        edge = self.edges(batch.edge_attr)
        for layer in self.layers:
            x = layer(x, batch.edge_index, batch.batch, edge_attr=edge)
        return self.head(global_add_pool(x, batch.batch, size=len(batch)))


def perceptron(dim: int) -> nn.Sequential:
    """The update of one GINE layer."""
    return nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim))


def molecules(graphs: int) -> GraphBatch:
    """Rings with a chord, 10 to 37 atoms each, both directions of every edge."""
    generator = torch.Generator().manual_seed(0)
    sizes = torch.randint(10, 38, (graphs,), generator=generator).tolist()
    ends, start = [], 0
    for size in sizes:
        atoms = torch.arange(size)
        chord = torch.tensor([[0], [size // 2]])
        one_way = torch.cat([torch.stack([atoms, (atoms + 1) % size]), chord], dim=1)
        ends.append(start + torch.cat([one_way, one_way.flip(0)], dim=1))
        start += size
    edge_index = torch.cat(ends, dim=1)
    batch = GraphBatch(
        x=torch.randint(28, (start, 1), generator=generator),
        edge_index=edge_index,
        ptr=torch.tensor([0, *sizes]).cumsum(0),
        edge_attr=torch.randint(4, (edge_index.shape[1],), generator=generator),
    )
    return encode(batch, CONFIG.encodings)
