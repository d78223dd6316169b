"""``graphformers bench``: time and memory beside what else is installed.

``graphformers bench expressivity`` counts graphs that models tell apart, ``graphformers bench
quality`` trains them on molecules, ``graphformers bench surrogates`` trains models of fields on
meshes, ``graphformers bench operators`` operators on grids; these have options of their own.
"""

import importlib
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import torch
from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from graphformers.benchmarks.machine import Limits, measure_limits
from graphformers.benchmarks.measure import Measurement, measure
from graphformers.benchmarks.picture import bars, save_plot, table
from graphformers.cli.command import guarded
from graphformers.files import write_json

TOPICS = (
    "ab-upt", "attention", "message", "sampling", "neighbors", "walks", "euler", "continuum",
    "gps", "grit", "gt", "mesh-transformer", "mpnn-vn", "ppgt", "physgto", "volt",
)  # fmt: skip
OTHER_TOPICS = {
    "expressivity": "graphformers.cli.expressivity",
    "operators": "graphformers.cli.operators",
    "quality": "graphformers.cli.quality",
    "surrogates": "graphformers.cli.surrogates",
}
"""Topics that measure no time, asked for alone and first."""
_TABLE_WIDTH = 130
PEERS = ("torch", "torch-geometric", "dgl", "scipy", "networkx", "open3d", "pynanoflann")


def main(arguments: Sequence[str]) -> int:
    """Measure the topics, print tables and bars, and keep the numbers where that is asked for."""
    if arguments[:1] and arguments[0] in OTHER_TOPICS:
        return importlib.import_module(OTHER_TOPICS[arguments[0]]).main(arguments[1:])
    parser = ArgumentParser(prog="graphformers bench", description=__doc__)
    parser.add_argument("topics", nargs="*", help=f"of {', '.join(TOPICS)}; all if none")
    parser.add_argument("--sizes", type=int, nargs="+", help="instead of the topic's three")
    parser.add_argument("--repeats", type=int, default=7, help="runs of every contender")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, help="keep the numbers in this file")
    parser.add_argument("--plot", type=Path, help="draw time over size into this picture")
    options = parser.parse_args(list(arguments))
    unknown = [one for one in options.topics if one not in TOPICS]
    if unknown:
        parser.error(f"no topic {unknown[0]!r}; known: {', '.join(TOPICS)}")
    return guarded(lambda: run(options))


def run(options: Namespace) -> None:
    """Show every topic as soon as it is measured."""
    torch.set_num_threads(options.threads)
    console = Console(width=max(Console().width, _TABLE_WIDTH))
    limits = measure_limits()
    results: list[Measurement] = []
    for topic in options.topics or TOPICS:
        measured = measure_topic(topic, options.sizes, options.repeats, limits)
        title = f"{topic}, {options.threads} threads"
        console.print(table(measured, title), bars(measured), sep="\n")
        results += measured
    if options.json:
        write_json(options.json, document(results, limits, options.threads))
    if options.plot:
        save_plot(results, options.plot)


def measure_topic(
    topic: str, sizes: Sequence[int] | None, repeats: int, limits: Limits
) -> list[Measurement]:
    """All workloads of a topic at every size."""
    module = importlib.import_module(f"graphformers.benchmarks.{topic.replace('-', '_')}")
    return [
        one
        for size in sizes or module.SIZES
        for workload in module.workloads(size)
        for one in measure(workload, repeats=repeats, limits=limits)
    ]


def document(results: Sequence[Measurement], limits: Limits, threads: int) -> dict[str, object]:
    """The numbers with what is needed to read them later."""
    return {
        "processor": platform.processor() or platform.machine(),
        "threads": threads,
        "limits_per_second": asdict(limits),
        "versions": {name: _version(name) for name in PEERS},
        "measurements": [asdict(one) for one in results],
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
