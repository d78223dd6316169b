"""The wall of a mesh: its edges or faces, its normals, and how far away every point is from it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyvista as pv
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from graphformers.physics.edges import CellEdges
from graphformers.physics.surface import POINT_ID, outer_surface

LOG_DISTANCE_FLOOR = 1e-4  # share of the wall's extent below which distances look alike


@dataclass(frozen=True, eq=False, kw_only=True)
class Wall:
    """The surface of the body, numbered by the points of the whole mesh.

    In 2-D a facet is an edge, ordered so that the fluid lies to the right of its direction (a body
    is gone round counter-clockwise); in 3-D it is a triangle whose normal by the right-hand rule
    points into the fluid.
    """

    points: Float[np.ndarray, "points space"]  # all points of the mesh
    facets: Int[np.ndarray, "space facets"]

    @cached_property
    def point_ids(self) -> Int[np.ndarray, " wall_points"]:
        """Points of the mesh on the wall, ascending."""
        return np.unique(self.facets)

    @cached_property
    def facet_normals(self) -> Float[np.ndarray, "facets space"]:
        """Normals into the fluid, as long as the facet is large (length or area)."""
        corners = self.points[self.facets]
        if len(corners) == 2:
            along = corners[1] - corners[0]
            return np.stack([along[:, 1], -along[:, 0]], axis=1)
        return 0.5 * np.cross(corners[1] - corners[0], corners[2] - corners[0])

    @cached_property
    def normals(self) -> Float[np.ndarray, "wall_points space"]:
        """Unit normals into the fluid at ``point_ids``: the sum over the facets around each."""
        summed = np.zeros_like(self.points)
        for corner in self.facets:
            np.add.at(summed, corner, self.facet_normals)
        return _unit(summed[self.point_ids])

    @cached_property
    def extent(self) -> float:
        """Largest side of the wall's bounding box: the length distances are compared with."""
        wall_points = self.points[self.point_ids]
        return float(np.ptp(wall_points, axis=0).max())

    def nearest(self) -> Float[np.ndarray, "points space"]:
        """Wall position nearest to every point: a wall point or, in 2-D, a place on its edges."""
        tree = KDTree(self.points[self.point_ids])
        _, index = tree.query(self.points)
        nearest = self.points[self.point_ids[index]]
        if len(self.facets) != 2:
            return nearest
        return self._nearest_on_edges(self.point_ids[index], nearest)

    def _nearest_on_edges(self, wall_point: np.ndarray, nearest: np.ndarray) -> np.ndarray:
        for end in (0, 1):
            edge_of_point = np.full(len(self.points), -1)
            edge_of_point[self.facets[end]] = np.arange(self.facets.shape[1])
            edge = edge_of_point[wall_point]
            start, stop = self.points[self.facets[0][edge]], self.points[self.facets[1][edge]]
            candidate = _closest_on_segment(self.points, start, stop)
            closer = _length(candidate - self.points) < _length(nearest - self.points)
            nearest = np.where((closer & (edge >= 0))[:, None], candidate, nearest)
        return nearest


def plane_wall(
    points: Float[np.ndarray, "points 2"],
    edges: CellEdges,
    on_wall: Bool[np.ndarray, " points"] | None,
) -> Wall:
    """Wall of a 2-D mesh: edges of one cell only whose ends lie both on the wall.

    Without ``on_wall`` the wall is the boundary inside the outermost one, or the whole boundary.
    """
    boundary = edges.occurrences(len(points)) == 1
    ends, cells = edges.points[:, boundary], edges.cell[boundary]
    if on_wall is None:
        on_wall = _inside_the_outermost(points, ends)
    chosen = np.flatnonzero(on_wall[ends].all(axis=0))
    facets = _fluid_to_the_right(points, edges, ends[:, chosen], cells[chosen])
    return Wall(points=points, facets=facets)


def space_wall(
    points: Float[np.ndarray, "points 3"],
    dataset: pv.DataSet,
    on_wall: Bool[np.ndarray, " points"] | None,
) -> Wall:
    """Wall of a 3-D mesh: boundary triangles whose corners all lie on the wall.

    A mesh that is a surface itself is all wall, and its faces are taken to look into the fluid.
    """
    dimension = max((cell.dimension for cell in _one_cell_of_each_kind(dataset)), default=0)
    surface = outer_surface(dataset).triangulate()
    triangles = surface.faces.reshape(-1, 4)[:, 1:]
    facets = np.asarray(surface.point_data[POINT_ID])[triangles].T
    if dimension == 3:
        facets = facets[::-1]  # the outside of the volume is the inside of the body
        if on_wall is None:
            on_wall = _inside_the_outermost(points, facets)
    chosen = slice(None) if on_wall is None else on_wall[facets].all(axis=0)
    return Wall(points=points, facets=facets[:, chosen])


def node_feature_names(space: int) -> tuple[str, ...]:
    """Names of the columns of ``node_features``."""
    directions = tuple(f"wall_direction_{axis}" for axis in "xyz"[:space])
    return ("wall", "wall_distance", "wall_log_distance", *directions)


def node_features(wall: Wall) -> Float[np.ndarray, "points features"]:
    r"""What a point knows about the body: columns as in ``node_feature_names``.

    .. math:: [\, 1_{wall},\; d,\; \log_{10}(d / L + 10^{-4}),\; (w - x) / d \,]

    ``w`` is the wall position nearest to the point ``x``, ``d`` its distance, ``L`` the extent of
    the wall. The direction at the wall itself is its limit from the fluid, minus the wall's normal.
    """
    away = wall.nearest() - wall.points
    on_wall = np.zeros(len(wall.points), dtype=bool)
    on_wall[wall.point_ids] = True
    away[on_wall] = 0.0
    distance = _length(away)
    direction = _unit(away)
    direction[wall.point_ids] = -wall.normals
    relative = distance / max(wall.extent, np.finfo(np.float64).tiny)
    logarithm = np.log10(relative + LOG_DISTANCE_FLOOR)
    return np.column_stack([on_wall.astype(np.float64), distance, logarithm, direction])


def _fluid_to_the_right(
    points: np.ndarray,
    edges: CellEdges,
    ends: np.ndarray,
    cells: np.ndarray,
) -> Int[np.ndarray, "2 facets"]:
    """Turn each wall edge round when the middle of its cell lies to its left."""
    num_cells = int(edges.cell.max(initial=-1)) + 1
    count = np.maximum(np.bincount(edges.cell, minlength=num_cells), 1)
    corner = points[edges.points].mean(axis=0)
    middle = np.stack([np.bincount(edges.cell, axis, num_cells) / count for axis in corner.T], 1)
    along, inward = points[ends[1]] - points[ends[0]], middle[cells] - points[ends[0]]
    is_left = along[:, 0] * inward[:, 1] - along[:, 1] * inward[:, 0] > 0
    return np.where(is_left, ends[::-1], ends)


def _inside_the_outermost(
    points: np.ndarray, facets: Int[np.ndarray, "corners facets"]
) -> Bool[np.ndarray, " points"]:
    """Boundary points of all connected parts but the largest one; all if there is just one."""
    rows, columns = np.concatenate([facets[0]] * (len(facets) - 1)), facets[1:].ravel()
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(points),) * 2)
    _, part = connected_components(links, directed=False)
    on_boundary = np.zeros(len(points), dtype=bool)
    on_boundary[facets.ravel()] = True
    parts = np.unique(part[on_boundary])
    if len(parts) < 2:
        return on_boundary
    boxes = [np.ptp(points[on_boundary & (part == one)], axis=0) for one in parts]
    return on_boundary & (part != parts[int(_length(np.stack(boxes)).argmax())])


def _one_cell_of_each_kind(dataset: pv.DataSet) -> list[pv.Cell]:
    grid = dataset.cast_to_unstructured_grid()
    _, first = np.unique(grid.celltypes, return_index=True)
    return [grid.get_cell(int(number)) for number in first]


def _closest_on_segment(points: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    along = stop - start
    squared = np.maximum((along**2).sum(axis=1), np.finfo(np.float64).tiny)
    share = np.clip(((points - start) * along).sum(axis=1) / squared, 0.0, 1.0)
    return start + share[:, None] * along


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=-1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length one; a zero vector stays zero."""
    return vectors / np.maximum(_length(vectors), np.finfo(np.float64).tiny)[:, None]
