"""Alternating runs, peak memory, and the ratio to the first contender."""

import statistics
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from graphformers.benchmarks.machine import Limits
from graphformers.benchmarks.memory import peak_memory
from graphformers.benchmarks.workload import Contender, Workload

_SHORTEST_SAMPLE = 0.02  # seconds; faster jobs are repeated inside one sample
_PAUSE = 0.05  # seconds; threads of the contender before may wait for work in a busy loop


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One contender on one workload.

    Medians; ``ratio`` is the median over rounds of its time to the first contender's in the same
    round. ``limit_milliseconds`` is what the machine's measured peaks allow at best, and ``bound``
    which of them binds.
    """

    operation: str
    order: str
    size: int
    unit: str
    contender: str
    milliseconds: float
    ratio: float
    peak_megabytes: float
    limit_milliseconds: float | None
    bound: str | None


def measure(workload: Workload, *, repeats: int, limits: Limits | None = None) -> list[Measurement]:
    """Run every contender ``repeats`` times in turn, so that a busy machine slows all of them."""
    check_agreement(workload)
    peaks = {name: peak_memory(run) for name, run in workload.contenders.items()}
    loops = {name: _loops(run) for name, run in workload.contenders.items()}
    rounds = [
        {name: _sample(run, loops[name]) for name, run in workload.contenders.items()}
        for _ in range(repeats)
    ]
    ours = next(iter(workload.contenders))
    limit = limits.bound(workload.cost) if limits and workload.cost else None
    return [
        Measurement(
            operation=workload.operation,
            order=workload.order,
            size=workload.size,
            unit=workload.unit,
            contender=name,
            milliseconds=1e3 * statistics.median(one[name] for one in rounds),
            ratio=statistics.median(one[name] / one[ours] for one in rounds),
            peak_megabytes=peaks[name] / 2**20,
            limit_milliseconds=1e3 * limit.seconds if limit else None,
            bound=limit.name if limit else None,
        )
        for name in workload.contenders
    ]


def check_agreement(workload: Workload) -> None:
    """Every contender gives the first one's result; a fast wrong answer is no contender.

    Raises ``ArithmeticError`` where results differ by more than the workload's tolerance.
    """
    if workload.tolerance is None:
        return
    (_, first), *others = ((name, run()) for name, run in workload.contenders.items())
    for name, result in others:
        error = max(map(_relative_error, _tensors(first), _tensors(result)), default=0.0)
        if not error <= workload.tolerance:
            job = f"{workload.operation}, {workload.size:,} {workload.unit}"
            raise ArithmeticError(f"{name} is off by {error:.1e} of the scale in {job}")


def _relative_error(ours: Tensor, theirs: Tensor) -> float:
    if ours.numel() == 0:
        return 0.0
    return float((ours - theirs).abs().max() / ours.abs().max().clamp_min(1e-30))


def _tensors(result: object) -> list[Tensor]:
    found = [result] if isinstance(result, Tensor) else list(result)  # pyright: ignore[reportArgumentType, reportCallIssue]
    return [one.detach().to(torch.float64) for one in found]


def _loops(run: Contender) -> int:
    seconds = _seconds(run, 1)
    if seconds < _SHORTEST_SAMPLE:  # the first run after another contender is the slowest
        seconds = _seconds(run, 3)
    return max(1, round(_SHORTEST_SAMPLE / max(seconds, 1e-7)))


def _sample(run: Contender, loops: int) -> float:
    time.sleep(_PAUSE)
    return _seconds(run, loops)


def _seconds(run: Contender, loops: int) -> float:
    start = time.perf_counter()
    for _ in range(loops):
        run()
    return (time.perf_counter() - start) / loops
