"""Bluff bodies: boxes with a slanted rear, ellipsoids and capped cylinders, as closed surfaces."""

from dataclasses import dataclass

import numpy as np
import pyvista as pv
from scipy.spatial import ConvexHull

FAMILIES = ("box", "ellipsoid", "cylinder")
LENGTHS = (1.0, 2.4)  # m
WIDTHS = HEIGHTS = (0.6, 1.2)  # m
ROUNDNESS = (0.2, 0.9)
SLANTS = (0.0, 35.0)  # degrees
YAWS = (0.0, 25.0)  # degrees

SLANT_SHARE = 0.22  # of the length, along the slant, as on the Ahmed body
RING_POINTS = 64
SUBDIVISIONS = 4  # 2562 directions


@dataclass(frozen=True, kw_only=True)
class Body:
    """A convex body around the origin, its nose towards -x before it is yawed.

    Args:
        family: one of ``FAMILIES``
        length: along x, m
        width: along y, m
        height: along z, m
        roundness: radius of the rounded edges as a share of the largest there can be: of the front
            of a box, of both ends of a cylinder; an ellipsoid has none
        slant_deg: angle between the roof of a box and its slanted rear
        yaw_deg: turned about z, nose towards -y

    """

    family: str
    length: float
    width: float
    height: float
    roundness: float
    slant_deg: float
    yaw_deg: float

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(f"family must be one of {', '.join(FAMILIES)}; got {self.family!r}")

    def surface(self) -> pv.PolyData:
        """Closed triangles that face outwards."""
        return convex_surface(self.points()).rotate_z(self.yaw_deg, inplace=False)

    def points(self) -> np.ndarray:
        """Points (points, 3) whose convex hull is the body without yaw."""
        half = 0.5 * np.array([self.length, self.width, self.height])
        if self.family == "ellipsoid":
            return half * directions()
        radius = self.roundness * half[1:].min()
        if self.family == "cylinder":
            return around_spheres(*cylinder_spheres(half, min(radius, half[0])))
        return around_spheres(*box_spheres(half, radius, np.deg2rad(self.slant_deg)))


def draw_body(family: str, random: np.random.Generator) -> Body:
    """A body of the family, every size uniform in its range."""
    return Body(
        family=family,
        length=random.uniform(*LENGTHS),
        width=random.uniform(*WIDTHS),
        height=random.uniform(*HEIGHTS),
        roundness=1.0 if family == "ellipsoid" else random.uniform(*ROUNDNESS),
        slant_deg=random.uniform(*SLANTS) if family == "box" else 0.0,
        yaw_deg=random.uniform(*YAWS),
    )


def frontal_area(surface: pv.PolyData) -> float:
    """Area of the shadow of a convex body along x, m2."""
    return float(ConvexHull(np.asarray(surface.points, dtype=np.float64)[:, 1:]).volume)


def box_spheres(half: np.ndarray, radius: float, slant: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres and radii: four spheres at the front, six sharp corners at the slanted rear."""
    length, width, height = half
    along = 2 * length * SLANT_SHARE
    roof_end = (length - along * np.cos(slant), height)
    rear = [roof_end, (length, height - along * np.sin(slant)), (length, -height)]
    front = [(radius - length, height - radius), (radius - length, radius - height)]
    centers = [(x, side * (width - radius), z) for x, z in front for side in (1, -1)]
    corners = [(x, side * width, z) for x, z in rear for side in (1, -1)]
    radii = [radius] * len(centers) + [0.0] * len(corners)
    return np.array(centers + corners), np.array(radii)


def cylinder_spheres(half: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres and radii: a ring of spheres at each end of a cylinder along x."""
    angle = np.linspace(0, 2 * np.pi, RING_POINTS, endpoint=False)
    y, z = (half[1] - radius) * np.cos(angle), (half[2] - radius) * np.sin(angle)
    ends = [np.stack([np.full_like(y, side * (half[0] - radius)), y, z], 1) for side in (-1, 1)]
    return np.concatenate(ends), np.full(2 * RING_POINTS, radius)


def around_spheres(centers: np.ndarray, radii: np.ndarray) -> np.ndarray:
    r"""Where the hull of spheres reaches farthest in every direction u.

    .. math:: x(u) = c_k + r_k u, \qquad k = \arg\max_i \; c_i \cdot u + r_i

    Sharp corners, spheres of radius 0, all belong to it, seen from a direction or not.
    """
    toward = directions()
    farthest = (toward @ centers.T + radii).argmax(axis=1)
    reached = centers[farthest] + radii[farthest, None] * toward
    return np.unique(np.concatenate([reached, centers[radii == 0]]), axis=0)


def directions() -> np.ndarray:
    """Unit vectors (directions, 3), nearly even."""
    points = np.asarray(pv.Icosphere(nsub=SUBDIVISIONS).points, dtype=np.float64)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def convex_surface(points: np.ndarray) -> pv.PolyData:
    """Triangles of the convex hull, without loose points, every one counter-clockwise outside."""
    hull = ConvexHull(points)
    number = np.full(len(points), -1)
    number[hull.vertices] = np.arange(len(hull.vertices))
    corners = points[hull.simplices]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (normals * hull.equations[:, :3]).sum(axis=1) < 0
    triangles = np.where(inward[:, None], hull.simplices[:, ::-1], hull.simplices)
    return pv.PolyData.from_regular_faces(points[hull.vertices], number[triangles])
