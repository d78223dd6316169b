"""Every example runs from start to end as a user would start it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(script, tmp_path):
    environment = os.environ | {"GRAPHFORMERS_CACHE": str(tmp_path / "cache")}
    result = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip(), "an example says what it found"


def test_there_is_an_example_for_each_job():
    assert {"solubility", "airfoil_surrogate", "large_graph"} <= {path.stem for path in EXAMPLES}
