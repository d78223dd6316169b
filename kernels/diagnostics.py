"""Whether the kernels work on this machine, and where their compiled code is kept."""

from dataclasses import dataclass
from pathlib import Path

import torch
import warp as wp

from graphformers.kernels.segments.op import segment_reduce


@dataclass(frozen=True, kw_only=True)
class KernelReport:
    """The folder of compiled kernels, its size in bytes, and what went wrong, if anything did."""

    cache: Path
    cache_bytes: int
    error: str | None


def kernel_report() -> KernelReport:
    """Compile (the first time) and run one kernel, and look at the cache it came from."""
    error = _check()
    cache = Path(wp.config.kernel_cache_dir or "")  # Warp knows it once a kernel has run
    sizes = [file.stat().st_size for file in cache.rglob("*") if file.is_file()]
    return KernelReport(cache=cache, cache_bytes=sum(sizes), error=error)


def _check() -> str | None:
    values = torch.arange(6.0).reshape(3, 2)
    try:
        total = segment_reduce(values, torch.tensor([0, 1, 3]))
    except RuntimeError as error:
        return str(error)
    expected = torch.tensor([[0.0, 1.0], [6.0, 8.0]])
    return None if torch.equal(total, expected) else f"wrong result: {total.tolist()}"
