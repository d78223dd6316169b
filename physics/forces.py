"""Forces and moments on a body from the pressure and the friction on its wall."""

import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from graphformers.errors import DataError, ShapeError
from graphformers.physics.wall import Wall

NO_AREA = 1e-14  # of the square (3-D) or the length (2-D) of the wall's extent


class ZeroAreaFacesWarning(UserWarning):
    """Faces of the wall have no area; they are left out of forces."""


@dataclass(frozen=True, kw_only=True)
class FreeStream:
    """The undisturbed flow, and what coefficients refer to.

    The flow comes along x, turned by the angle of attack towards ``up``, the second axis of a
    section and the third in space.
    """

    angle_of_attack_deg: float
    speed: float = 1.0  # m/s
    chord: float = 1.0  # m, what moments refer to; of a section also the area per unit of span
    density: float = 1.0  # 1 for kinematic pressure p / rho, which incompressible solvers write
    area: float | None = None  # m2, of a body in space: frontal area or planform
    moment_center: tuple[float, ...] | None = None  # m; the origin unless given

    def axes(self, space: int) -> tuple[Float[np.ndarray, " space"], Float[np.ndarray, " space"]]:
        """Unit vectors along the stream and across it, upwards."""
        angle = np.deg2rad(self.angle_of_attack_deg)
        along, across = np.zeros((2, space))
        along[0], along[-1] = np.cos(angle), np.sin(angle)
        across[0], across[-1] = -np.sin(angle), np.cos(angle)
        return along, across

    def force_scale(self, space: int) -> float:
        """Force a coefficient of one stands for: dynamic pressure times area."""
        if space == 3 and self.area is None:
            raise DataError("coefficients of a body in space need its area: FreeStream(area=...)")
        area = self.chord if space == 2 or self.area is None else self.area
        return 0.5 * self.density * self.speed**2 * area


@dataclass(frozen=True, kw_only=True)
class ForceCoefficients:
    """Lift across the free stream, drag along it, and the pitching moment, nose up."""

    lift: float
    drag: float
    moment: float
    friction_drag: float  # the part of the drag that friction makes; 0 where none was given


@dataclass(frozen=True, eq=False, kw_only=True)
class WallForces:
    """What the fluid does to the body, per unit of span in 2-D."""

    pressure: Float[np.ndarray, " space"]
    friction: Float[np.ndarray, " space"]
    moment: Float[np.ndarray, " axes"]  # about x, y and z; of a section about z alone

    @property
    def total(self) -> Float[np.ndarray, " space"]:
        """Pressure and friction together."""
        return self.pressure + self.friction


def wall_forces(
    wall: Wall,
    pressure: Float[np.ndarray, " points"],
    shear: Float[np.ndarray, "points space"] | None = None,
    *,
    center: Float[np.ndarray, " space"] | None = None,
) -> WallForces:
    r"""Integrate pressure and wall shear over the wall.

    .. math:: F = \oint (-p\, n + \tau)\, dA, \qquad M = \oint (x - c) \times (-p\, n + \tau)\, dA

    ``n`` points into the fluid and ``tau`` is the friction of the fluid on the body (OpenFOAM's
    ``wallShearStress`` is that of the body on the fluid: turn its sign). Both are linear along each
    facet, for which the integrals here are exact: of a facet of area A with k corners

    .. math:: \int f g\, dA = \frac{A}{k(k+1)} \Bigl(\sum_i f_i \sum_i g_i + \sum_i f_i g_i\Bigr)

    Fields have a value at every point of the mesh; only the wall's count. Facets without area are
    left out with a ``ZeroAreaFacesWarning``, whatever the fields say there.
    """
    space = wall.points.shape[1]
    _check_shape("pressure", pressure, (len(wall.points),))
    if shear is not None:
        _check_shape("shear", shear, (len(wall.points), space))
    chosen = _faces_with_area(wall)
    corners, normals = wall.facets[:, chosen], wall.facet_normals[chosen]
    push = -pressure[corners][..., None] * normals
    area = np.linalg.norm(normals, axis=1)[:, None]
    drag = np.zeros_like(push) if shear is None else shear[corners] * area
    arm = wall.points[corners] - (np.zeros(space) if center is None else center)
    return WallForces(
        pressure=push.mean(axis=0).sum(axis=0),
        friction=drag.mean(axis=0).sum(axis=0),
        moment=_moment(arm, push + drag),
    )


def pressure_force(
    wall: Wall, pressure: Float[np.ndarray, " points"]
) -> Float[np.ndarray, " space"]:
    r"""Force of the pressure on the body, per unit of span in 2-D; see ``wall_forces``."""
    return wall_forces(wall, pressure).pressure


def projected_area(wall: Wall, along: Float[np.ndarray, " space"]) -> float:
    r"""Area of the shadow a closed body casts along a unit vector, per unit of span in 2-D.

    .. math:: A = \frac{1}{2} \oint |n \cdot e|\, dA

    Every line through a convex body meets its wall twice, hence the half. Behind a hollow, or with
    several bodies, lines meet it more often, and the area is larger than that of the shadow.
    """
    return float(0.5 * np.abs(wall.facet_normals @ along).sum())


def force_coefficients(
    wall: Wall,
    pressure: Float[np.ndarray, " points"],
    stream: FreeStream,
    shear: Float[np.ndarray, "points space"] | None = None,
) -> ForceCoefficients:
    r"""Coefficients of a section or a body; without ``shear`` those of the pressure alone.

    .. math:: c_l = \frac{F \cdot e_\perp}{\rho U^2 A / 2}, \qquad
              c_d = \frac{F \cdot e_\parallel}{\rho U^2 A / 2}, \qquad
              c_m = \frac{M \cdot (e_\perp \times e_\parallel)}{\rho U^2 A c / 2}

    ``e_parallel`` points along the stream and ``e_perp`` across it, upwards; ``A`` is ``area``, of
    a section the chord ``c``.
    """
    space = wall.points.shape[1]
    scale = stream.force_scale(space)
    along, across = stream.axes(space)
    center = stream.moment_center
    found = wall_forces(
        wall, pressure, shear, center=None if center is None else np.asarray(center, np.float64)
    )
    pitch = -found.moment[0] if space == 2 else found.moment @ np.cross(across, along)
    return ForceCoefficients(
        lift=float(found.total @ across) / scale,
        drag=float(found.total @ along) / scale,
        moment=float(pitch) / (scale * stream.chord),
        friction_drag=float(found.friction @ along) / scale,
    )


def wall_loops(facets: Int[np.ndarray, "2 facets"]) -> list[Int[np.ndarray, " loop_points"]]:
    """Points of a 2-D wall in order, one array for each closed contour, largest contour first.

    A contour is gone round with the fluid to the right: counter-clockwise round a body. Raises
    ``DataError`` when the wall is open or branches.
    """
    starts, stops = facets
    following = dict(zip(starts.tolist(), stops.tolist(), strict=True))
    if len(following) != len(starts) or set(following) != set(following.values()):
        raise DataError("the wall must be made of closed contours; it is open or branches")
    loops = []
    while following:
        first = next(iter(following))
        loop, point = [first], following.pop(first)
        while point != first:
            loop.append(point)
            point = following.pop(point)
        loops.append(np.asarray(loop))
    return sorted(loops, key=len, reverse=True)


def _faces_with_area(wall: Wall) -> Bool[np.ndarray, " facets"]:
    area = np.linalg.norm(wall.facet_normals, axis=1)
    extent = wall.extent if area.size else 0.0
    chosen = area > NO_AREA * extent ** (wall.points.shape[1] - 1)
    if not chosen.all():
        warnings.warn(
            f"{np.count_nonzero(~chosen)} of {len(chosen)} faces of the wall have no area and are "
            "left out of the forces; clean the mesh, for example with PyVista's clean()",
            ZeroAreaFacesWarning,
            stacklevel=3,
        )
    return chosen


def _moment(
    arm: Float[np.ndarray, "corners facets space"], force: Float[np.ndarray, "corners facets space"]
) -> Float[np.ndarray, " axes"]:
    """Moment of forces linear along each facet, each corner's being that of the whole facet."""
    corners = len(arm)
    twice = _cross(arm.sum(axis=0), force.sum(axis=0)) + _cross(arm, force).sum(axis=0)
    return twice.sum(axis=0) / (corners * (corners + 1))


def _cross(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Cross product along the last axis; in the plane its one component out of it."""
    if left.shape[-1] == 3:
        return np.cross(left, right)
    return (left[..., 0] * right[..., 1] - left[..., 1] * right[..., 0])[..., None]


def _check_shape(name: str, values: np.ndarray, expected: tuple[int, ...]) -> None:
    if values.shape != expected:
        kind = "one value" if len(expected) == 1 else f"{expected[1]} components"
        raise ShapeError(
            f"{name} must have {kind} at each of {expected[0]} points; got shape {values.shape}"
        )
