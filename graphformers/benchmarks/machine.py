"""What this machine can do at best, measured: the roof over every figure."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

from graphformers.benchmarks.workload import Cost

_COPY_BYTES = 1 << 28  # well beyond any cache
_MATRIX = 1024
_CACHED = 1 << 15  # numbers that stay in the first-level cache of one core
_TRIES = 5


class Bound(NamedTuple):
    """The least time a job can take, and what sets it."""

    seconds: float
    name: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Measured peaks per second, with torch's present number of threads."""

    bytes: float
    exponentials: float
    multiply_adds: float

    def bound(self, cost: Cost) -> Bound:
        """The slowest of the three parts of a job, each at its peak."""
        return max(
            Bound(cost.bytes / self.bytes, "memory"),
            Bound(cost.exponentials / self.exponentials, "exponentials"),
            Bound(cost.multiply_adds / self.multiply_adds, "multiply-adds"),
        )


def measure_limits() -> Limits:
    """Copy a large array, exponentiate a cached one on every thread, multiply square matrices."""
    source = torch.ones(_COPY_BYTES // 4)
    target = torch.empty_like(source)
    square = torch.ones(_MATRIX, _MATRIX)
    cached = torch.zeros(_CACHED * torch.get_num_threads())
    return Limits(
        bytes=2 * _COPY_BYTES / _best(lambda: target.copy_(source)),
        exponentials=cached.numel() / _best(lambda: torch.exp(cached, out=cached).zero_()),
        multiply_adds=_MATRIX**3 / _best(lambda: square @ square),
    )


def _best(run: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_TRIES):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
