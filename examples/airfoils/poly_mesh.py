"""A plane mesh as an OpenFOAM polyMesh one cell thick."""

from pathlib import Path

import numpy as np
import pyvista as pv

from graphformers.physics import cell_edges

HEADER = """FoamFile
{{
    version     2.0;
    format      ascii;
    class       {kind};
    object      {name};
}}
"""


def write_poly_mesh(mesh: pv.UnstructuredGrid, case: Path, span: float) -> None:
    """Write points, faces, owner, neighbour and boundary with patches airfoil, farfield, sides.

    Cells must be counter-clockwise: an edge gone along then has its cell to the left, so the face
    above it looks out of the cell. OpenFOAM wants the faces between cells first, ordered by owner
    and then neighbour, and looking from the smaller cell number to the larger.
    """
    folder = case / "constant" / "polyMesh"
    folder.mkdir(parents=True, exist_ok=True)
    num_points = mesh.n_points
    inner, owner, neighbour, outer, outer_owner = split_edges(mesh)
    on_wall = np.asarray(mesh.point_data["wall"], dtype=bool)[outer].all(axis=0)
    back, front = flat_faces(mesh, num_points)
    order = np.lexsort((neighbour, owner))
    patches = [
        ("airfoil", "wall", raised(outer[:, on_wall], num_points), outer_owner[on_wall]),
        ("farfield", "patch", raised(outer[:, ~on_wall], num_points), outer_owner[~on_wall]),
        ("sides", "empty", [*back, *front], np.tile(np.arange(mesh.n_cells), 2)),
    ]
    faces = raised(inner[:, order], num_points)
    owners = [owner[order]]
    entries = []
    for name, kind, patch_faces, patch_owner in patches:
        entries.append(
            f"{name}\n{{\n    type {kind};\n    nFaces {len(patch_faces)};\n"
            f"    startFace {len(faces)};\n}}"
        )
        faces += patch_faces
        owners.append(patch_owner)
    flat = np.asarray(mesh.points, dtype=np.float64)[:, :2]
    points = [f"({x:.12g} {y:.12g} {z:g})" for z in (0.0, span) for x, y in flat]
    write_list(folder / "points", "vectorField", points)
    write_list(folder / "faces", "faceList", faces)
    write_list(folder / "owner", "labelList", [str(cell) for cell in np.concatenate(owners)])
    write_list(folder / "neighbour", "labelList", [str(cell) for cell in neighbour[order]])
    write_list(folder / "boundary", "polyBoundaryMesh", entries)


def split_edges(mesh: pv.UnstructuredGrid) -> tuple[np.ndarray, ...]:
    """Edges between cells, their smaller and larger cell; edges of one cell only, and that cell."""
    edges = cell_edges(mesh)
    ends, cell = edges.points, edges.cell
    key = ends.max(axis=0) * mesh.n_points + ends.min(axis=0)
    order = np.lexsort((cell, key))
    same = key[order][1:] == key[order][:-1]
    first, second = order[:-1][same], order[1:][same]
    alone = np.setdiff1d(order, np.concatenate([first, second]))
    return ends[:, first], cell[first], cell[second], ends[:, alone], cell[alone]


def raised(edges: np.ndarray, num_points: int) -> list[str]:
    """The upright face over each edge."""
    start, stop = edges
    corners = np.stack([start, stop, stop + num_points, start + num_points], axis=1)
    return [f"4({a} {b} {c} {d})" for a, b, c, d in corners.tolist()]


def flat_faces(mesh: pv.UnstructuredGrid, num_points: int) -> tuple[list[str], list[str]]:
    """The bottom of every cell, looking down, and its top, looking up."""
    starts = np.asarray(pv.convert_array(mesh.GetCells().GetOffsetsArray()))
    cells = np.split(np.asarray(mesh.cell_connectivity), starts[1:-1])
    back = [f"{len(cell)}({' '.join(map(str, cell[::-1]))})" for cell in cells]
    front = [f"{len(cell)}({' '.join(map(str, cell + num_points))})" for cell in cells]
    return back, front


def write_list(path: Path, kind: str, entries: list[str]) -> None:
    body = "\n".join(entries)
    header = HEADER.format(kind=kind, name=path.name)
    path.write_text(f"{header}\n{len(entries)}\n(\n{body}\n)\n")
