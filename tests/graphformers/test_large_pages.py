"""Large tensors lie on large pages of memory, once the package is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAPS = Path("/proc/self/smaps")
FLAGS = """
import torch
import graphformers
from pathlib import Path

tensor = torch.empty({numbers})
middle = tensor.data_ptr() + tensor.numel() * tensor.element_size() // 2
inside = False
for line in Path("/proc/self/smaps").read_text().splitlines():
    first, *rest = line.split()
    if "-" in first and not first.endswith(":"):
        start, end = (int(one, 16) for one in first.split("-"))
        inside = start <= middle < end
    elif inside and first == "VmFlags:":
        print(*rest)
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not MAPS.exists(), reason="Linux has such pages"
)


def flags_of_memory(numbers: int, **environment: str) -> list[str]:
    """Flags of the mapping that holds the middle of a tensor, made by a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("THP_")}
    command = [sys.executable, "-c", FLAGS.format(numbers=numbers)]
    environment = inherited | environment
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return told.stdout.split()


def test_large_memory_is_marked():
    assert "hg" in flags_of_memory(1 << 24)


def test_small_memory_is_not():
    assert "hg" not in flags_of_memory(1 << 10)


def test_who_does_not_want_it_is_heard():
    assert "hg" not in flags_of_memory(1 << 24, THP_MEM_ALLOC_ENABLE="0")
