"""Labelled point clouds that neighbour searches find hard."""

from collections.abc import Callable

import torch
from torch import Tensor


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def uniform(points: int, space: int = 3, seed: int = 0) -> Tensor:
    """Points drawn evenly from the unit cube."""
    return torch.rand(points, space, generator=_generator(seed))


def near_walls(points: int, space: int = 3, seed: int = 0) -> Tensor:
    r"""Spacing across the wall falls a thousandfold towards it, as in a boundary-layer mesh.

    .. math:: x_1 = 10^{-3 (1 - u)}, \qquad u \text{ even}, \quad x_2 \dots \text{ even}
    """
    cloud = uniform(points, space, seed)
    cloud[:, 0] = 10 ** (3 * (cloud[:, 0] - 1))
    return cloud


def clusters(points: int, space: int = 3, seed: int = 0) -> Tensor:
    """Clusters from 1e-4 to 1e3 wide, all over a cube 1e3 wide."""
    generator = _generator(seed)
    centres = 1e3 * torch.rand(8, space, generator=generator)
    widths = torch.logspace(-4, 3, 8)
    member = torch.randint(8, (points,), generator=generator)
    spread = torch.randn(points, space, generator=generator)
    return centres[member] + widths[member, None] * spread


def _lattice(side: int, space: int) -> Tensor:
    axes = [torch.arange(side, dtype=torch.float32)] * space
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).reshape(-1, space)


def _collinear(points: int) -> Tensor:
    return uniform(points, 1) * torch.tensor([1.0, -2.0, 0.5])


def _coplanar(points: int) -> Tensor:
    return torch.nn.functional.pad(uniform(points, 2), (0, 1), value=3.0)


CLOUD_CASES: dict[str, Callable[[], Tensor]] = {
    "no points": lambda: torch.zeros(0, 3),
    "one point": lambda: torch.ones(1, 2),
    "a point less than a leaf": lambda: uniform(15),
    "a leaf": lambda: uniform(16, 2),
    "a point more than a leaf": lambda: uniform(17),
    "uniform": lambda: uniform(400),
    "uniform plane": lambda: uniform(333, 2),
    "all the same": lambda: torch.full((100, 3), 0.3),
    "every point twice": lambda: uniform(90).repeat(2, 1),
    "lattice of ties": lambda: _lattice(6, 3),
    "collinear": lambda: _collinear(120),
    "coplanar": lambda: _coplanar(150),
    "near walls": lambda: near_walls(300),
    "clusters": lambda: clusters(300),
    "clusters in a plane": lambda: clusters(200, 2),
    "far from the origin": lambda: uniform(200) + 1e5,
    "distances overflow": lambda: 1e30 * (uniform(40) - 0.5),
    "distances underflow": lambda: 1e-30 * uniform(40),
}
