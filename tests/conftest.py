import pytest
from hypothesis import settings

# A kernel compiles in the first example that needs it, which no deadline allows for.
settings.register_profile("tests", deadline=None, max_examples=50)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _refusals_are_our_own(request: pytest.FixtureRequest) -> None:
    """Run-time type checks refuse a bad call before the function can."""
    if request.config.getoption("jaxtyping_packages", None) and "refused" in request.node.name:
        pytest.skip("the run-time type checks refuse first")
