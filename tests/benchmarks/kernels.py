"""Time and memory of the sparse operations beside the plain torch formulation and torch-geometric.

Usage: python tests/benchmarks/kernels.py [--json FILE] [--sizes 1000 8000 40000]
       [--repeats 5] [--threads 2] [--operations attention pattern]

Every contender runs forward and backward on the same inputs; their runs alternate, so that a busy
machine slows all of them. A table row gives medians; the peak is the extra memory of one run.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch_geometric.utils import scatter, softmax

from graphformers.files import write_json
from graphformers.kernels import (
    SparsePattern,
    random_walk_probabilities,
    segment_reduce,
    segment_softmax,
    sparse_attention,
)
from graphformers.kernels.attention.cases import Widths, attention_inputs
from graphformers.kernels.attention.reference import (
    AttentionSettings,
    AttentionTensors,
    attention_reference,
)
from graphformers.kernels.grouping.reference import group_reference
from graphformers.kernels.launch import native_stderr_closed
from graphformers.kernels.pattern_cases import mesh_pattern, random_pattern
from graphformers.kernels.random_walk.reference import random_walk_probabilities_reference
from graphformers.kernels.segments.cases import segment_values
from graphformers.kernels.segments.reference import segment_reduce_reference
from graphformers.kernels.softmax.reference import segment_softmax_reference

DEGREE = 16
WIDTHS = Widths(heads=8, dim=16, dim_v=16)
MEGABYTE = 1 << 20

Contenders = dict[str, Callable[[], object]]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Medians of one contender on one input."""

    operation: str
    order: str
    nodes: int
    edges: int
    contender: str
    milliseconds: float
    peak_megabytes: float


def attention(pattern: SparsePattern) -> Contenders:
    """Attention with 8 heads of 16 channels, forward and backward."""
    *tensors, _ = attention_inputs(pattern, WIDTHS, torch.float32, with_bias=False)
    grad = torch.ones(pattern.num_targets, WIDTHS.heads, WIDTHS.dim_v)
    scale = WIDTHS.dim**-0.5
    source, target = pattern.edge_index

    def with_geometric() -> Tensor:
        query, key, value = tensors
        logit = scale * (query[target] * key[source]).sum(-1)
        weight = softmax(logit, target, num_nodes=pattern.num_targets)
        return scatter(weight.unsqueeze(-1) * value[source], target, 0, pattern.num_targets)

    def with_reference() -> Tensor:
        settings = AttentionSettings(scale=scale)
        return attention_reference(AttentionTensors(*tensors), settings, pattern).out

    return {
        "graphformers": backward(lambda: sparse_attention(*tensors, pattern), tensors, grad),
        "plain torch": backward(with_reference, tensors, grad),
        "torch-geometric": backward(with_geometric, tensors, grad),
    }


def segment_sum(pattern: SparsePattern) -> Contenders:
    """Sum of 64 channels over the edges of every node."""
    values = segment_values(pattern.num_edges, (64,), torch.float32)
    return over_segments(
        pattern,
        values,
        torch.ones(pattern.num_targets, 64),
        ours=lambda: segment_reduce(values, pattern.row_ptr, "sum", pattern.edge),
        plain=lambda: segment_reduce_reference(values, pattern.row_ptr, "sum", pattern.edge),
        peer=lambda target: scatter(values, target, 0, pattern.num_targets),
    )


def segment_max(pattern: SparsePattern) -> Contenders:
    """Maximum of 64 channels over the edges of every node."""
    values = segment_values(pattern.num_edges, (64,), torch.float32)
    return over_segments(
        pattern,
        values,
        torch.ones(pattern.num_targets, 64),
        ours=lambda: segment_reduce(values, pattern.row_ptr, "max", pattern.edge),
        plain=lambda: segment_reduce_reference(values, pattern.row_ptr, "max", pattern.edge),
        peer=lambda target: scatter(values, target, 0, pattern.num_targets, "max"),
    )


def edge_softmax(pattern: SparsePattern) -> Contenders:
    """Softmax of 8 heads over the edges of every node."""
    values = segment_values(pattern.num_edges, (8,), torch.float32)
    return over_segments(
        pattern,
        values,
        segment_values(pattern.num_edges, (8,), torch.float32, seed=1).detach(),
        ours=lambda: segment_softmax(values, pattern.row_ptr, pattern.edge),
        plain=lambda: segment_softmax_reference(values, pattern.row_ptr, pattern.edge),
        peer=lambda target: softmax(values, target, num_nodes=pattern.num_targets),
    )


def over_segments(
    pattern: SparsePattern,
    values: Tensor,
    grad: Tensor,
    *,
    ours: Callable[[], Tensor],
    plain: Callable[[], Tensor],
    peer: Callable[[Tensor], Tensor],
) -> Contenders:
    """The three contenders of an operation with one input."""
    target = pattern.edge_index[1]
    return {
        "graphformers": backward(ours, [values], grad),
        "plain torch": backward(plain, [values], grad),
        "torch-geometric": backward(lambda: peer(target), [values], grad),
    }


def building(pattern: SparsePattern) -> Contenders:
    """Making a pattern and its transpose from shuffled edges."""
    order = torch.randperm(pattern.num_edges, generator=torch.Generator().manual_seed(0))
    edge_index = pattern.edge_index[:, order]
    sizes = {"num_targets": pattern.num_targets, "num_sources": pattern.num_sources}

    def by_sorting() -> None:
        for keys in edge_index.flip(0), edge_index:
            _, by_second = group_reference(keys[1], pattern.num_targets)
            group_reference(keys[0][by_second], pattern.num_targets)

    return {
        "graphformers": lambda: SparsePattern.from_edge_index(edge_index, **sizes).transposed,
        "plain torch": by_sorting,
    }


def backward(
    forward: Callable[[], Tensor], tensors: list[Tensor], grad: Tensor
) -> Callable[[], object]:
    """A forward pass followed by the gradients of all tensors."""
    return lambda: torch.autograd.grad(forward(), tensors, grad)


def molecules(graphs: int) -> Contenders:
    """Return probabilities, 20 steps, of rings of 24 atoms."""
    ring = torch.arange(24)
    pairs = torch.cat([torch.stack([ring, ring.roll(1)]), torch.stack([ring.roll(1), ring])], 1)
    edge_index = (pairs.unsqueeze(1) + 24 * torch.arange(graphs).reshape(1, -1, 1)).flatten(1)
    ptr = 24 * torch.arange(graphs + 1)
    return {
        "graphformers": lambda: random_walk_probabilities(edge_index, ptr, 20),
        "plain torch": lambda: [
            random_walk_probabilities_reference(pairs, ptr[:2], 20) for _ in range(graphs)
        ],
    }


OPERATIONS = {
    "attention": attention,
    "segment sum": segment_sum,
    "segment max": segment_max,
    "segment softmax": edge_softmax,
    "pattern": building,
}


def measure(contenders: Contenders, repeats: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds and peak megabytes of every contender; their runs alternate."""
    peaks = {name: peak_memory(run) for name, run in contenders.items()}  # warms up, too
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {
        name: (1e3 * statistics.median(times), peaks[name] / MEGABYTE)
        for name, times in seconds.items()
    }


def peak_memory(run: Callable[[], object]) -> int:
    """Most bytes torch held at once during a run, over what it held before."""
    run()
    cpu = [torch.profiler.ProfilerActivity.CPU]
    with (
        native_stderr_closed(),
        torch.profiler.profile(activities=cpu, profile_memory=True) as done,
    ):
        run()
    held = peak = 0
    for event in done.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


def measurements(operations: list[str], sizes: list[int], repeats: int) -> Iterator[Measurement]:
    """Every operation on every pattern."""
    for nodes in sizes:
        orders = {
            "mesh": mesh_pattern(nodes, DEGREE),
            "random": random_pattern(nodes, nodes, nodes * DEGREE),
        }
        for order, pattern in orders.items():
            for operation in operations:
                results = measure(OPERATIONS[operation](pattern), repeats)
                for name, (milliseconds, peak) in results.items():
                    yield Measurement(
                        operation=operation,
                        order=order,
                        nodes=nodes,
                        edges=pattern.num_edges,
                        contender=name,
                        milliseconds=milliseconds,
                        peak_megabytes=peak,
                    )


def walk_measurements(repeats: int) -> Iterator[Measurement]:
    """Random walks on small and large batches of molecules."""
    for graphs in (32, 256):
        for name, (milliseconds, peak) in measure(molecules(graphs), repeats).items():
            yield Measurement(
                operation="random walks",
                order="molecules",
                nodes=24 * graphs,
                edges=48 * graphs,
                contender=name,
                milliseconds=milliseconds,
                peak_megabytes=peak,
            )


def table(results: list[Measurement]) -> Table:
    """One line per contender, with its time and memory over ours."""
    columns = ("operation", "order", "edges", "contender", "ms", "x time", "MB", "x memory")
    lines = Table(*columns, title=f"forward + backward, {torch.get_num_threads()} CPU threads")
    ours = results[0]
    for one in results:
        if one.contender == "graphformers":
            ours = one
            lines.add_section()
        lines.add_row(
            one.operation,
            one.order,
            f"{one.edges:,}",
            one.contender,
            f"{one.milliseconds:.2f}",
            f"{one.milliseconds / ours.milliseconds:.1f}",
            f"{one.peak_megabytes:.2f}",
            f"{one.peak_megabytes / max(ours.peak_megabytes, 1e-6):.1f}",
        )
    return lines


def main() -> None:
    """Measure, show a table and keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="where to keep the numbers")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 8_000, 40_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--operations", nargs="+", choices=OPERATIONS, default=list(OPERATIONS))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results = list(measurements(options.operations, options.sizes, options.repeats))
    results += walk_measurements(options.repeats)
    Console(width=110).print(table(results))
    if options.json:
        rows = [asdict(one) for one in results]
        write_json(options.json, {"threads": torch.get_num_threads(), "measurements": rows})


if __name__ == "__main__":
    main()
