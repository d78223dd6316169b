"""Fields on and around a body from its surface alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyvista as pv
import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ConfigError
from graphformers.physics.aero_units import AeroUnits
from graphformers.physics.geometry_sampling import sample_surface, sample_volume
from graphformers.physics.models import ABUPT, AnchorCache, Geometry, PointSet
from graphformers.physics.models.task import check_at_least

SURFACE, VOLUME = "surface", "volume"


@dataclass(frozen=True, kw_only=True)
class GeometrySizes:
    """How many points encode a geometry, and how those of the volume are spread.

    The numbers are those of Alkin et al. 2025, arXiv:2502.09692, for DrivAerML. A share ``near`` of
    the points in the volume lies about ``reach`` metres from the surface.
    """

    geometry_points: int = 65_536
    supernodes: int = 16_384
    surface_anchors: int = 16_384
    volume_anchors: int = 16_384
    near: float = 0.5
    reach: float = 0.1

    def __post_init__(self) -> None:
        names = ("geometry_points", "supernodes", "surface_anchors", "volume_anchors")
        check_at_least(self, **dict.fromkeys(names, 1))
        if self.supernodes > self.geometry_points:
            raise ConfigError(
                f"supernodes are some of {self.geometry_points} geometry points; "
                f"got {self.supernodes}"
            )


class GeometryPredictor:
    """A trained AB-UPT with branches ``"surface"`` and ``"volume"``, asked about new bodies.

    It needs no mesh: geometry and anchors are sampled on the surface and in a box around it, and
    the fields follow at as many points as wanted. A model knows how its training points were
    spread; give it ``sizes`` that resemble them.
    """

    def __init__(self, model: ABUPT, units: AeroUnits, sizes: GeometrySizes | None = None):
        self.model = model.eval()
        self.units = units
        self.sizes = sizes or GeometrySizes()
        for name in (SURFACE, VOLUME):
            missing = [one for one in model.config.branch(name).fields if one not in units.fields]
            if missing:
                raise ConfigError(f"the units lack the fields {', '.join(missing)}")

    def predict(
        self,
        surface: pv.PolyData,
        box: Sequence[float],
        *,
        surface_points: int = 100_000,
        volume_points: int = 100_000,
        seed: int = 0,
    ) -> tuple[pv.PolyData, pv.PolyData]:
        """Points on the surface, with normals, and in the volume, with all fields.

        ``surface`` is closed and in metres; ``box`` as in ``sample_volume``.
        """
        sizes = self.sizes
        around = {"near": sizes.near, "reach": sizes.reach}
        shape, skin, asked = (
            sample_surface(surface, count, seed=seed + number)
            for number, count in enumerate(
                (sizes.geometry_points, sizes.surface_anchors, surface_points)
            )
        )
        air, asked_air = (
            sample_volume(surface, box, count, seed=seed + number, **around)
            for number, count in enumerate((sizes.volume_anchors, volume_points), start=3)
        )
        cache = self._encode(shape.points, skin.points, air)
        on_surface, in_volume = pv.PolyData(asked.points), pv.PolyData(asked_air)
        on_surface.point_data["Normals"] = asked.normals.astype(np.float32)
        self._add_fields(on_surface, cache, SURFACE)
        self._add_fields(in_volume, cache, VOLUME)
        return on_surface, in_volume

    @torch.no_grad()
    def _encode(self, shape: np.ndarray, skin: np.ndarray, air: np.ndarray) -> AnchorCache:
        """The sampled points are in random order: the first ones are the supernodes."""
        positions = self._coordinates(shape)
        supernodes = torch.arange(self.sizes.supernodes, device=positions.device)
        anchors = {
            SURFACE: PointSet.single(self._coordinates(skin)),
            VOLUME: PointSet.single(self._coordinates(air)),
        }
        return self.model.encode(Geometry.single(positions, supernodes), anchors)

    def _add_fields(self, cloud: pv.PolyData, cache: AnchorCache, branch: str) -> None:
        points = PointSet.single(self._coordinates(np.asarray(cloud.points)))
        pieces = [piece.cpu() for piece in self.model.decode(cache, branch, points)]
        fields = torch.cat(pieces)
        for name, columns in self.model.config.branch(branch).columns.items():
            cloud.point_data[name] = self.units.fields[name].restore(fields[:, columns]).numpy()

    def _coordinates(self, metres: np.ndarray) -> Float[Tensor, "points 3"]:
        weight = next(self.model.parameters())
        return self.units.coordinates(torch.from_numpy(metres)).to(weight)
