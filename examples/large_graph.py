"""Classify the nodes of a graph that stays on disk: sample neighbourhoods, attend along edges.

python examples/large_graph.py
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Data

from graphformers.data import NeighborLoader
from graphformers.kernels import CSRGraph, SparsePattern
from graphformers.layers import GraphAttention

NODES, DEGREE, COMMUNITIES, CHANNELS = 50_000, 16, 8, 16
SAME_COMMUNITY = 0.7  # share of the edges that stay inside


class Network(nn.Module):
    """Two layers of attention along the sampled edges."""

    def __init__(self, dim: int = 64):
        super().__init__()
        self.embed = nn.Linear(CHANNELS, dim)
        self.layers = nn.ModuleList(GraphAttention(dim, heads=4) for _ in range(2))
        self.output = nn.Linear(dim, COMMUNITIES)

    def forward(self, x: Tensor, edges: SparsePattern) -> Tensor:
        """Logits of every node."""
        x = self.embed(x)
        for layer in self.layers:
            x = torch.relu(x + layer(x, edges))
        return self.output(x)


def write_graph(folder: Path) -> Tensor:
    """Random communities whose features say little and whose edges say much."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(COMMUNITIES, (NODES,), generator=generator)
    target = torch.arange(NODES).repeat_interleave(DEGREE)
    by_label = labels.argsort(stable=True)
    size = torch.bincount(labels, minlength=COMMUNITIES)
    first = size.cumsum(0) - size
    pick = (torch.rand(len(target), generator=generator) * size[labels[target]]).long()
    inside = by_label[first[labels[target]] + pick]
    anywhere = torch.randint(NODES, (len(target),), generator=generator)
    stays = torch.rand(len(target), generator=generator) < SAME_COMMUNITY
    source = torch.where(stays, inside, anywhere)
    CSRGraph.from_edge_index(torch.stack([source, target]), NODES).save(folder / "graph")
    centers = torch.randn(COMMUNITIES, CHANNELS, generator=generator)
    noise = torch.randn(NODES, CHANNELS, generator=generator)
    np.save(folder / "x.npy", (centers[labels] + 4 * noise).numpy())
    return labels


def accuracy(network: Network, loader: NeighborLoader) -> float:
    right = 0
    with torch.no_grad():
        for batch in loader:
            right += int((predict(network, batch).argmax(1) == batch.y[: batch.batch_size]).sum())
    return right / len(loader.dataset)


def predict(network: Network, batch: Data) -> Tensor:
    """Logits of the nodes the batch was sampled for, which come first."""
    edges = SparsePattern.from_edge_index(
        batch.edge_index, num_targets=batch.num_nodes, num_sources=batch.num_nodes
    )
    return network(batch.x, edges)[: batch.batch_size]


def main() -> None:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels = write_graph(folder)
        data = Data(x=np.load(folder / "x.npy", mmap_mode="r"), y=labels, num_nodes=NODES)
        graph = CSRGraph.open(folder / "graph")
        nodes = torch.randperm(NODES)
        train, test = (
            NeighborLoader(data, [10, 5], part, graph=graph, batch_size=512, shuffle=True)
            for part in (nodes[:20_000], nodes[-5_000:])
        )
        network = Network()
        optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
        print(f"before training: accuracy {accuracy(network, test):.2f} on unseen nodes")
        for epoch in range(2):
            for batch in train:
                loss = cross_entropy(predict(network, batch), batch.y[: batch.batch_size])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            print(f"epoch {epoch + 1}: accuracy {accuracy(network, test):.2f} on unseen nodes")


if __name__ == "__main__":
    main()
