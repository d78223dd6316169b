"""Small graphs and files."""

from pathlib import Path

import pytest
import torch

from graphformers.expressivity import GraphSet, batch_of

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "graphs" / "expressivity"


def circle(*nodes):
    """Edges of a circle through the nodes, in both directions."""
    onward = torch.tensor([nodes, (*nodes[1:], nodes[0])])
    return torch.cat([onward, onward.flip(0)], dim=1)


@pytest.fixture
def circles():
    """A circle of 6 against two triangles, which 1-WL confuses, and a path-like third graph."""
    hexagon = (6, circle(0, 1, 2, 3, 4, 5))
    triangles = (6, torch.cat([circle(0, 1, 2), circle(3, 4, 5)], dim=1))
    star = torch.tensor([[0, 0, 0, 0, 0], [1, 2, 3, 4, 5]])
    return GraphSet(
        name="circles",
        graphs=batch_of([hexagon, triangles, (6, torch.cat([star, star.flip(0)], dim=1))]),
        pairs=torch.tensor([[0, 1], [0, 2], [1, 2]]),
    )


@pytest.fixture
def satisfiability_file(tmp_path):
    """Two pairs in the format of EXP; 1-WL confuses the first pair and not the second."""
    hexagon = [[(node - 1) % 6, (node + 1) % 6] for node in range(6)]
    triangles = [[3 * (node // 3) + (node + step) % 3 for step in (1, 2)] for node in range(6)]
    path = [[1], [0, 2], [1, 3], [2, 4], [3, 5], [4]]
    lines = ["4"]
    for neighbours, label in ((hexagon, 1), (triangles, 0), (hexagon, 0), (path, 1)):
        lines.append(f"6 {label}")
        lines += [" ".join(map(str, [0, len(row), *row])) for row in neighbours]
    file = tmp_path / "EXP_GRAPHSAT.txt"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def published_files():
    """The folder with EXP and CEXP, which are not part of the package."""
    if not DATA.is_dir():
        pytest.skip("EXP and CEXP are not here")
    return DATA
