"""Gmsh mesh around an outline: quadrilaterals at the wall, triangles out to a far circle."""

from dataclasses import dataclass

import gmsh
import numpy as np
import pyvista as pv

GMSH_CORNERS = {2: 3, 3: 4}  # Gmsh element type: corners
GMSH_CELLS = {2: int(pv.CellType.TRIANGLE), 3: int(pv.CellType.QUAD)}


@dataclass(frozen=True, kw_only=True)
class MeshOptions:
    """Lengths in chords."""

    wall_size: float = 0.009
    nose_size: float = 0.004
    first_layer: float = 6e-4
    growth: float = 1.25
    layers: int = 6
    wake_size: float = 0.03
    far_size: float = 1.2
    far_radius: float = 10.0


def plane_mesh(outline: np.ndarray, options: MeshOptions | None = None) -> pv.UnstructuredGrid:
    """Triangles and quadrilaterals, counter-clockwise; point array ``wall`` is 1 on the outline."""
    options = options or MeshOptions()
    gmsh.initialize()
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        for source in ("ExtendFromBoundary", "FromPoints", "FromCurvature"):
            gmsh.option.setNumber(f"Mesh.MeshSize{source}", 0)
        wall, corner = _add_outline(outline)
        far = _add_circle(options)
        loops = [gmsh.model.geo.addCurveLoop(curves) for curves in (far, wall)]
        surface = gmsh.model.geo.addPlaneSurface(loops)
        gmsh.model.geo.synchronize()
        _set_sizes(wall, corner, options)
        gmsh.model.mesh.generate(2)
        return _as_grid(surface, wall)
    finally:
        gmsh.finalize()


def _as_grid(surface: int, wall: list[int]) -> pv.UnstructuredGrid:
    """What Gmsh made, without points that no cell uses, such as the centre of the circle."""
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    kinds, _, nodes = gmsh.model.mesh.getElements(2, surface)
    used = np.isin(tags, np.concatenate(nodes))
    number = np.full(int(tags.max()) + 1, -1)
    number[tags[used]] = np.arange(used.sum())
    points = coordinates.reshape(-1, 3)[used]
    cells = {
        GMSH_CELLS[kind]: counter_clockwise(number[corners].reshape(-1, GMSH_CORNERS[kind]), points)
        for kind, corners in zip(kinds, nodes, strict=True)
    }
    grid = pv.UnstructuredGrid(cells, points)
    on_wall = np.zeros(len(points), dtype=np.uint8)
    for curve in wall:
        nodes_of_curve, _, _ = gmsh.model.mesh.getNodes(1, curve, includeBoundary=True)
        on_wall[number[nodes_of_curve]] = 1
    grid.point_data["wall"] = on_wall
    return grid


def counter_clockwise(cells: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Cells (cells, corners) in the plane, turned round where they run clockwise."""
    across, beside = (points[cells[:, k]] - points[cells[:, 0]] for k in (1, 2))
    clockwise = across[:, 0] * beside[:, 1] < across[:, 1] * beside[:, 0]
    return np.where(clockwise[:, None], cells[:, ::-1], cells)


def _add_outline(outline: np.ndarray) -> tuple[list[int], int]:
    """Top and bottom splines, and the point at the trailing edge."""
    points = [gmsh.model.geo.addPoint(x, y, 0) for x, y in outline]
    nose = int(outline[:, 0].argmin())
    top = gmsh.model.geo.addSpline(points[: nose + 1])
    bottom = gmsh.model.geo.addSpline([*points[nose:], points[0]])
    return [top, bottom], points[0]


def _add_circle(options: MeshOptions) -> list[int]:
    center = gmsh.model.geo.addPoint(0.5, 0, 0)
    ends = [gmsh.model.geo.addPoint(0.5 + side * options.far_radius, 0, 0) for side in (1, -1)]
    return [gmsh.model.geo.addCircleArc(start, center, stop) for start, stop in (ends, ends[::-1])]


def _set_sizes(wall: list[int], corner: int, options: MeshOptions) -> None:
    """Fine at the nose, along the wall and in the wake, growing to the far circle."""
    field = gmsh.model.mesh.field
    near = field.add("Distance")
    field.setNumbers(near, "CurvesList", wall)
    field.setNumber(near, "Sampling", 400)
    grow = field.add("MathEval")
    field.setString(grow, "F", f"{options.wall_size} + 0.12 * F{near}")
    nose = field.add("MathEval")
    field.setString(nose, "F", f"{options.nose_size} + 0.15 * sqrt(x * x + y * y)")
    wake = field.add("Box")
    box = {"XMin": 0.9, "XMax": 2.5, "YMin": -0.15, "YMax": 0.15, "Thickness": 1.0}
    for name, value in {**box, "VIn": options.wake_size, "VOut": options.far_size}.items():
        field.setNumber(wake, name, value)
    far = field.add("MathEval")
    field.setString(far, "F", str(options.far_size))
    smallest = field.add("Min")
    field.setNumbers(smallest, "FieldsList", [grow, nose, wake, far])
    field.setAsBackgroundMesh(smallest)
    layers = field.add("BoundaryLayer")
    field.setNumbers(layers, "CurvesList", wall)
    thickness = options.first_layer * (options.growth**options.layers - 1) / (options.growth - 1)
    for name, value in {
        "Size": options.first_layer,
        "Ratio": options.growth,
        "Thickness": thickness,
        "Quads": 1,
    }.items():
        field.setNumber(layers, name, value)
    field.setNumbers(layers, "FanPointsList", [corner])
    field.setAsBoundaryLayer(layers)
