"""Time and peak memory of PhysGTO's split message layer beside the literal one that concatenates.

Both formulations alternate in one process for time; each runs alone in a fresh process for memory.
Run with ``python tests/benchmarks/physgto.py``; it prints a Markdown table.
"""

import multiprocessing
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.mesh_message import MeshMessage
from graphformers.physics.models import PhysGTO, PhysGTOConfig

SIDES = (50, 100, 200)  # points along each side of a triangulated square
REPEATS = 5
PROCESS = Path("/proc/self")  # memory is measured on Linux only
SPLIT, CONCATENATED = "split", "concatenated"


class ConcatenatedMessage(MeshMessage):
    """The equations as they stand: gather, concatenate, scatter."""

    def forward(self, x: Tensor, edges: Tensor, pattern: SparsePattern) -> tuple[Tensor, Tensor]:
        """Updates of nodes and edges."""
        sender, receiver = pattern.edge_index
        gathered = torch.cat([x[sender], x[receiver], edges], dim=-1)
        message = self.edge_output(self.activation(self.edge_input(gathered)))
        first, second = message.chunk(2, dim=-1)
        received = [mean_at(first, sender, len(x)), mean_at(second, receiver, len(x))]
        return self.node(torch.cat([x, *received], dim=-1)), message


def mean_at(values: Tensor, index: Tensor, rows: int) -> Tensor:
    """Mean over equal indices by scattering."""
    total = values.new_zeros(rows, values.shape[1]).index_add(0, index, values)
    return total / torch.bincount(index, minlength=rows).clamp(min=1)[:, None]


def square_mesh(side: int) -> GraphBatch:
    """A square of ``side * side`` points whose cells are cut along one diagonal."""
    number = torch.arange(side * side).view(side, side)
    ends = [
        (number[:, 1:], number[:, :-1]),
        (number[1:], number[:-1]),
        (number[1:, 1:], number[:-1, :-1]),
    ]
    edge_index = torch.cat([torch.stack([a.flatten(), b.flatten()]) for a, b in ends], dim=1)
    axis = torch.linspace(0, 1, side)
    positions = torch.cartesian_prod(axis, axis)
    ptr = torch.tensor([0, side * side])
    x = torch.randn(side * side, 1)
    return GraphBatch(x=x, edge_index=edge_index, ptr=ptr, positions=positions)


def build(formulation: str) -> PhysGTO:
    """The Darcy preset in one of the two formulations."""
    torch.manual_seed(0)
    model = PhysGTO(PhysGTOConfig.darcy()).eval()
    if formulation == CONCATENATED:
        for block in model.blocks:
            block.message.__class__ = ConcatenatedMessage
    return model


def step(model: PhysGTO, batch: GraphBatch) -> float:
    """Seconds of one forward and backward pass."""
    model.zero_grad()
    start = time.perf_counter()
    model(batch).square().mean().backward()
    return time.perf_counter() - start


def peak_memory(formulation: str, side: int) -> float:
    """Mebibytes one step needs at its peak beyond what the process holds before."""
    torch.set_num_threads(2)
    model, batch = build(formulation), square_mesh(side)
    step(model, square_mesh(8))
    PROCESS.joinpath("clear_refs").write_text("5")  # the peak starts anew from here
    before = memory_figure("VmRSS")
    step(model, batch)
    return memory_figure("VmHWM") - before


def memory_figure(name: str) -> float:
    """A figure of this process from the Linux kernel, in mebibytes."""
    lines = PROCESS.joinpath("status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def measured_alone(formulation: str, side: int) -> float:
    """``peak_memory`` in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(peak_memory, formulation, side).result()


def row(side: int) -> str:
    """One line of the table."""
    batch = square_mesh(side)
    models = {name: build(name) for name in (SPLIT, CONCATENATED)}
    difference = (models[SPLIT](batch) - models[CONCATENATED](batch)).abs().max().item()
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(REPEATS):
        for name, model in models.items():
            seconds[name].append(step(model, batch))
    split, literal = (statistics.median(seconds[name]) for name in (SPLIT, CONCATENATED))
    memory, literal_memory = (measured_alone(name, side) for name in (SPLIT, CONCATENATED))
    return (
        f"| {batch.num_nodes:,} | {batch.num_edges:,} | {split:.3f} | {literal:.3f} "
        f"| {literal / split:.2f} | {memory:.0f} | {literal_memory:.0f} "
        f"| {literal_memory / memory:.2f} | {difference:.0e} |"
    )


def main() -> None:
    """Print the table."""
    torch.set_num_threads(2)
    lines = [
        "| points | edges | split (s) | literal (s) | time ratio | split (MiB) | literal (MiB) "
        "| memory ratio | difference |",
        "|" + "---:|" * 9,
        *(row(side) for side in SIDES),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
