"""Labelled cells of points."""

import torch
from torch import Tensor


def scattered(points: int, span: int, space: int = 3, seed: int = 0) -> Tensor:
    """Cells drawn evenly from a cube of ``span`` cells around the origin."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-(span // 2), span - span // 2, (points, space), generator=generator)


# cells (points, space) and ptr (graphs + 1,) or None
CELL_CASES: dict[str, tuple[Tensor, Tensor | None]] = {
    "no points": (torch.zeros(0, 3, dtype=torch.int64), None),
    "no points in three graphs": (torch.zeros(0, 3, dtype=torch.int64), torch.zeros(4).long()),
    "one cell": (torch.full((5, 3), -7), None),
    "dense": (scattered(500, 4), None),
    "sparse": (scattered(500, 10_000), None),
    "plane": (scattered(300, 20, space=2), None),
    "wide": (scattered(200, 2**20), None),
    "graphs": (scattered(400, 6), torch.tensor([0, 100, 100, 101, 400])),
    "far away": (scattered(100, 8) + 2**60, None),
}
