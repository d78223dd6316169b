"""Time and memory of a GPS training step in both layouts, beside torch-geometric's GPSConv.

Usage: python tests/benchmarks/gps.py [--graphs 32 128 512] [--repeats 5] [--threads 2]

All models have 10 layers of width 64 with GINE and 4 heads, and read the same graphs, as large as
ZINC's molecules. Their steps alternate, so that a busy machine slows all of them; a row gives the
median of forward and backward, and the most memory torch held beyond what it held before.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch_geometric.nn import GINEConv, GPSConv, global_add_pool

from graphformers.encodings import encode
from graphformers.graph_batch import GraphBatch
from graphformers.models import GPS, GPSConfig

OURS = replace(GPSConfig.zinc(), attention_dropout=0.0)
MEGABYTE = 1 << 20


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
    return encode(batch, OURS.encodings)


def steps(batch: GraphBatch) -> dict[str, Callable[[], None]]:
    """A training step of every contender, which forgets what it worked out about the batch."""
    models = {
        "padded": GPS(OURS),
        "sparse": GPS(replace(OURS, layout="sparse")),
        "torch-geometric": GeometricGPS(OURS),
    }

    def step(model: nn.Module) -> None:
        model.zero_grad()
        model(replace(batch)).square().mean().backward()

    return {name: lambda model=model: step(model) for name, model in models.items()}


def peak_memory(run: Callable[[], None]) -> int:
    """Most bytes torch held at once during a run, over what it held before."""
    run()
    cpu = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=cpu, profile_memory=True) as done:
        run()
    held = peak = 0
    for event in done.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


def measure(graphs: int, repeats: int) -> list[tuple[str, float, float]]:
    """Name, milliseconds and mebibytes of every contender."""
    batch = molecules(graphs)
    runs = steps(batch)
    memory = {name: peak_memory(run) / MEGABYTE for name, run in runs.items()}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return [(name, 1e3 * statistics.median(seconds[name]), memory[name]) for name in runs]


def main() -> None:
    """Measure and show a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, nargs="+", default=[32, 128, 512])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    columns = ("graphs", "contender", "ms", "x time", "MiB", "x memory")
    table = Table(*columns, title=f"forward + backward, {options.threads} CPU threads")
    for graphs in options.graphs:
        table.add_section()
        results = measure(graphs, options.repeats)
        _, first_time, first_memory = results[0]
        for name, milliseconds, memory in results:
            times = f"{milliseconds / first_time:.2f}", f"{memory / first_memory:.2f}"
            table.add_row(
                str(graphs), name, f"{milliseconds:.1f}", times[0], f"{memory:.1f}", times[1]
            )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
