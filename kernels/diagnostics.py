"""Whether the kernels work on this machine, and where their compiled code is kept."""

from pathlib import Path

import torch
import warp as wp

from graphformers.kernels.launch import start_warp
from graphformers.kernels.segments.op import segment_reduce


def kernel_cache() -> tuple[Path, int]:
    """Folder of the compiled kernels and its size in bytes."""
    start_warp()
    folder = Path(wp.config.kernel_cache_dir or "")
    return folder, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def kernel_check() -> str | None:
    """Compile (the first time) and run one kernel; what went wrong, or ``None``."""
    values = torch.arange(6.0).reshape(3, 2)
    try:
        total = segment_reduce(values, torch.tensor([0, 1, 3]))
    except RuntimeError as error:
        return str(error)
    expected = torch.tensor([[0.0, 1.0], [6.0, 8.0]])
    return None if torch.equal(total, expected) else f"wrong result: {total.tolist()}"
