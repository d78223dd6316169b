"""Every Python block of a page in ``docs`` runs, in the order of the page."""

import re
from pathlib import Path

import pytest

FIGURES = "benchmarks"  # shell commands that take hours, and what they gave
DOCS = sorted((Path(__file__).resolve().parents[1] / "docs").glob("*.md"))
PAGES = [page for page in DOCS if page.stem != FIGURES]
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    blocks = [
        # Warp reads a kernel's source, so every block must be a file; blank lines keep its numbers
        "\n" * text[: found.start(1)].count("\n") + found.group(1)
        for found in PYTHON_BLOCK.finditer(text)
    ]
    names: dict[str, object] = {"__name__": page.stem}
    for number, block in enumerate(blocks):
        file = tmp_path / f"block_{number}.py"
        file.write_text(block, encoding="utf-8")
        exec(compile(block, str(file), "exec"), names)
    assert blocks
