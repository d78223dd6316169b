"""What all tests of layers, encodings, models and training share."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors this small lose more to waiting for threads than they gain from them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _refusals_are_our_own(request: pytest.FixtureRequest) -> None:
    """Run-time type checks refuse a bad call before the function can."""
    if request.config.getoption("jaxtyping_packages", None) and "refused" in request.node.name:
        pytest.skip("the run-time type checks refuse first")
