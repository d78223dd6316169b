"""Asking for large pages."""

import sys
from pathlib import Path

import pytest
import torch

from graphformers.kernels.large_pages import on_large_pages

MAPS = Path("/proc/self/smaps")


def flags_of_memory(tensor: torch.Tensor) -> list[str]:
    """Flags of the mapping that holds the middle of a tensor."""
    middle = tensor.data_ptr() + tensor.numel() * tensor.element_size() // 2
    inside = False
    for line in MAPS.read_text().splitlines():
        first, *rest = line.split()
        if "-" in first and not first.endswith(":"):
            start, end = (int(one, 16) for one in first.split("-"))
            inside = start <= middle < end
        elif inside and first == "VmFlags:":
            return rest
    return []


def test_it_is_the_same_tensor_and_can_be_written():
    for size in (0, 3, 1 << 21):
        fresh = torch.empty(size)
        assert on_large_pages(fresh) is fresh
        assert fresh.fill_(2.0).eq(2.0).all()


@pytest.mark.skipif(sys.platform != "linux" or not MAPS.exists(), reason="asks Linux")
def test_large_memory_is_marked():
    assert "hg" in flags_of_memory(on_large_pages(torch.empty(1 << 24)))


def test_nobody_asks_for_small_memory(monkeypatch):
    def refuse():
        raise AssertionError("a call that costs more than it gains")

    monkeypatch.setattr("graphformers.kernels.large_pages._library", refuse)
    on_large_pages(torch.empty(1 << 18))
