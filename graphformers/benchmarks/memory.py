"""The most memory a run needs beyond what was held before it."""

import ctypes
import gc
import sys
from pathlib import Path

import torch

from graphformers.benchmarks.workload import Contender
from graphformers.kernels.launch import native_stderr_closed

_STATUS = Path("/proc/self/status")
_CLEAR_REFERENCES = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # the kernel's code for "forget the largest resident set so far"


def peak_memory(run: Contender) -> int:
    """Bytes: what torch allocated at most or, on Linux, how far the process grew, if that is more.

    The first counts exactly but sees torch alone; the second sees other libraries as well.
    """
    run()
    return max(allocated_by_torch(run), _grown(run))


def allocated_by_torch(run: Contender) -> int:
    """Bytes that torch allocated at most, the same in every run; nothing else is counted."""
    cpu = [torch.profiler.ProfilerActivity.CPU]
    with (
        native_stderr_closed(),
        torch.profiler.profile(activities=cpu, profile_memory=True) as done,
    ):
        run()
    held = peak = 0
    for event in done.profiler.kineto_results.events():  # pyright: ignore[reportOptionalMemberAccess]
        if event.name() == "[memory]":
            held += event.nbytes()  # pyright: ignore[reportAttributeAccessIssue]
            peak = max(peak, held)
    return peak


def _grown(run: Contender) -> int:
    if sys.platform != "linux":
        return 0
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else freed pages would serve the run unseen
    try:
        _CLEAR_REFERENCES.write_text(_RESET_PEAK)
    except OSError:  # a container may forbid it
        return 0
    before = _resident("VmRSS")
    run()
    return max(0, _resident("VmHWM") - before)


def _resident(field: str) -> int:
    line = next(one for one in _STATUS.read_text().splitlines() if one.startswith(f"{field}:"))
    return 1024 * int(line.split()[1])
