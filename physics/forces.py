"""Forces on a body from the pressure on its wall."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from graphformers.errors import DataError, ShapeError
from graphformers.physics.wall import Wall


@dataclass(frozen=True, kw_only=True)
class FreeStream:
    """The undisturbed flow and the length coefficients refer to."""

    angle_of_attack_deg: float
    speed: float = 1.0  # m/s
    chord: float = 1.0  # m
    density: float = 1.0  # 1 for kinematic pressure p / rho, which incompressible solvers write


@dataclass(frozen=True, kw_only=True)
class ForceCoefficients:
    """Lift across the free stream and drag along it, from pressure alone, without friction."""

    lift: float
    drag: float


def pressure_force(
    wall: Wall, pressure: Float[np.ndarray, " points"]
) -> Float[np.ndarray, " space"]:
    r"""Force of the pressure on the body, per unit span in 2-D.

    .. math:: F = -\oint p\, n\, dA

    ``n`` points into the fluid. The pressure is linear along each facet, which makes the mean of
    its corners exact. ``pressure`` has a value at every point of the mesh; only the wall's count.
    """
    if pressure.shape != (len(wall.points),):
        raise ShapeError(
            f"pressure must have one value at each of {len(wall.points)} points; "
            f"got shape {tuple(pressure.shape)}"
        )
    return -(pressure[wall.facets].mean(axis=0)[:, None] * wall.facet_normals).sum(axis=0)


def force_coefficients(
    wall: Wall, pressure: Float[np.ndarray, " points"], stream: FreeStream
) -> ForceCoefficients:
    r"""Lift and drag coefficient of a 2-D section.

    .. math:: c_l = \frac{F \cdot (-\sin\alpha, \cos\alpha)}{\rho U^2 c / 2}, \qquad
              c_d = \frac{F \cdot (\cos\alpha, \sin\alpha)}{\rho U^2 c / 2}
    """
    if wall.points.shape[1] != 2:
        raise DataError("lift and drag of a section need a 2-D mesh; this one is 3-D")
    angle = np.deg2rad(stream.angle_of_attack_deg)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-np.sin(angle), np.cos(angle)])
    scale = 0.5 * stream.density * stream.speed**2 * stream.chord
    force = pressure_force(wall, pressure) / scale
    return ForceCoefficients(lift=float(force @ across), drag=float(force @ along))


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
