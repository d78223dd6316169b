"""What an AB-UPT reads: a geometry, and points of its branches."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError


@dataclass(frozen=True, eq=False, kw_only=True)
class Geometry:
    """Points on the shapes of several cases, case after case, and which of them are supernodes.

    ``supernodes`` are numbers of points, those of a case together and the cases in order.
    """

    positions: Float[Tensor, "points space"]
    supernodes: Int[Tensor, " supernodes"]
    ptr: Int[Tensor, " graphs_plus_1"]  # first point of every case, and the number of points

    @staticmethod
    def single(
        positions: Float[Tensor, "points space"], supernodes: Int[Tensor, " supernodes"]
    ) -> "Geometry":
        """The geometry of one case."""
        return Geometry(positions=positions, supernodes=supernodes, ptr=_one_case(positions))

    @property
    def supernode_ptr(self) -> Int[Tensor, " graphs_plus_1"]:
        """First supernode of every case, and the number of supernodes."""
        if self.ptr.shape[0] == 2:
            return _one_case(self.supernodes)
        return torch.searchsorted(self.supernodes, self.ptr)


@dataclass(frozen=True, eq=False, kw_only=True)
class PointSet:
    """Points of several cases, case after case: the anchors or the queries of a branch."""

    positions: Float[Tensor, "points space"]
    ptr: Int[Tensor, " graphs_plus_1"]  # first point of every case, and the number of points
    features: Float[Tensor, "points features"] | None = None

    def __post_init__(self) -> None:
        if self.features is not None and self.features.shape[0] != self.positions.shape[0]:
            raise ShapeError(
                f"features must have a row for each of {self.positions.shape[0]} points; "
                f"got {self.features.shape[0]}"
            )

    @staticmethod
    def single(
        positions: Float[Tensor, "points space"],
        features: Float[Tensor, "points features"] | None = None,
    ) -> "PointSet":
        """The points of one case."""
        return PointSet(positions=positions, ptr=_one_case(positions), features=features)

    @property
    def num_points(self) -> int:
        """Points of all cases together."""
        return self.positions.shape[0]

    def to(self, device: torch.device) -> "PointSet":
        """The same points on another device."""
        features = None if self.features is None else self.features.to(device)
        return PointSet(
            positions=self.positions.to(device), ptr=self.ptr.to(device), features=features
        )

    def pieces(self, size: int) -> Iterator[tuple[int, "PointSet"]]:
        """At most ``size`` points of one case at a time, with the number of the case."""
        ends = self.ptr.tolist()
        for case, (start, end) in enumerate(pairwise(ends)):
            for first in range(start, end, size):
                part = slice(first, min(first + size, end))
                features = None if self.features is None else self.features[part]
                yield case, PointSet.single(self.positions[part], features)


def _one_case(rows: Tensor) -> Int[Tensor, " two"]:
    return torch.tensor([0, rows.shape[0]], device=rows.device)
