import pytest
import torch

from graphformers.kernels import SparsePattern
from graphformers.kernels.pattern_cases import PATTERN_CASES


@pytest.fixture(params=PATTERN_CASES)
def pattern(request: pytest.FixtureRequest) -> SparsePattern:
    return PATTERN_CASES[request.param]()


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


@pytest.fixture
def chunked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut even the smallest launch into chunks for two threads."""
    monkeypatch.setattr("graphformers.kernels.launch._SERIAL_WORK", 0)
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)
