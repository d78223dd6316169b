"""Measurements as a table, as bars on the console and as curves in a picture."""

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.table import Table

from graphformers.benchmarks.measure import Measurement
from graphformers.files import replacing

_COLUMNS = (
    "operation", "order", "size", "contender", "ms", "x time", "x limit", "MB", "x memory",
)  # fmt: skip
_BAR_CELLS = 40


def table(results: Sequence[Measurement], title: str) -> Table:
    """One line per contender with its time and memory over the first contender's."""
    lines = Table(*_COLUMNS, title=title, box=box.SIMPLE_HEAD)
    for group in _workloads(results):
        lines.add_section()
        ours = group[0]
        for one in group:
            limit = one.limit_milliseconds
            lines.add_row(
                one.operation,
                one.order,
                f"{one.size:,} {one.unit}",
                one.contender,
                f"{one.milliseconds:.2f}",
                f"{one.ratio:.2f}",
                f"{one.milliseconds / limit:.1f} ({one.bound})" if limit else "",
                f"{one.peak_megabytes:.1f}",
                f"{one.peak_megabytes / max(ours.peak_megabytes, 0.1):.1f}",
            )
    return lines


def bars(results: Sequence[Measurement]) -> Table:
    """Time of every contender at the largest size of each operation, on a logarithmic scale."""
    lines = Table("largest size", "contender", "time, logarithmic", box=None, padding=(0, 2))
    largest: dict[tuple[str, str], list[Measurement]] = {}
    for group in _workloads(results):
        largest[group[0].operation, group[0].order] = group
    for (operation, order), group in largest.items():
        fastest = min(one.milliseconds for one in group)
        slowest = max(one.milliseconds for one in group)
        span = max(math.log(slowest / fastest), math.log(2.0))
        for one in group:
            share = 0.1 + 0.9 * math.log(one.milliseconds / fastest) / span
            bar = "█" * max(1, round(_BAR_CELLS * share))
            lines.add_row(f"{operation}, {order}", one.contender, f"{bar} {one.ratio:.2f}")
    return lines


def save_plot(results: Sequence[Measurement], path: str | Path) -> None:
    """Milliseconds over size, one panel per operation and order, one curve per contender."""
    from matplotlib.figure import Figure

    panels: dict[tuple[str, str], dict[str, list[Measurement]]] = defaultdict(dict)
    for one in results:
        curves = panels[one.operation, one.order]
        curves.setdefault(one.contender, []).append(one)
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(5 * columns, 3.6 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flat
    for axis, ((operation, order), curves) in zip(axes, panels.items(), strict=False):
        for contender, points in curves.items():
            sizes, times = [one.size for one in points], [one.milliseconds for one in points]
            axis.loglog(sizes, times, marker="o", label=contender)
        unit = next(iter(curves.values()))[0].unit
        axis.set(title=f"{operation}, {order}", xlabel=unit, ylabel="ms")
        axis.legend(fontsize="small")
    for axis in list(axes):
        axis.set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _workloads(results: Sequence[Measurement]) -> list[list[Measurement]]:
    groups: dict[tuple[str, str, int], list[Measurement]] = defaultdict(list)
    for one in results:
        groups[one.operation, one.order, one.size].append(one)
    return list(groups.values())
