"""Make airfoil cases: outline, Gmsh mesh, OpenFOAM solution, VTU with a row in ``cases.csv``.

    python examples/airfoils/generate.py cases --outline 4412 --angle 4 --reynolds 1e6
    python examples/airfoils/generate.py cases --outline e423.dat --angle 2 --split test

Needs ``pip install "graphformers[airfoils]"`` and ``apt-get install openfoam`` (v1912). A case
takes about half a minute on one core.
"""

import argparse
import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvista as pv
from mesh import MeshOptions, plane_mesh
from outline import load_outline
from poly_mesh import write_poly_mesh
from solver import Flow, run, write_case

from graphformers.files import replacing
from graphformers.physics import ReadOptions, read_case

FIELDS = ("U", "p", "nut")
UNITS = ["p: m2/s2", "U: m/s", "nut: m2/s"]


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One solved case, as it is written."""

    volume: pv.UnstructuredGrid
    wall: pv.PolyData
    coefficients: dict[str, float]


def main() -> None:
    arguments = parse_arguments()
    flow = Flow(
        angle_of_attack_deg=arguments.angle,
        reynolds=arguments.reynolds,
        iterations=arguments.iterations,
    )
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rows = read_rows(arguments.folder / "cases.csv")
    name = f"{1 + max((int(row['case']) for row in rows), default=-1):04d}"
    outline = load_outline(arguments.outline)
    with tempfile.TemporaryDirectory() as work:
        solution = solve(outline, flow, Path(work) / name)
    save(solution.volume, arguments.folder / f"{name}.vtu")
    save(solution.wall, arguments.folder / f"{name}_wall.vtp")
    rows.append(
        {
            "case": name,
            "airfoil": outline_name(arguments.outline),
            "angle_of_attack_deg": f"{flow.angle_of_attack_deg:g}",
            "reynolds": f"{flow.reynolds:g}",
            **{key: f"{value:.5f}" for key, value in solution.coefficients.items()},
            "points": str(solution.volume.n_points),
            "cells": str(solution.volume.n_cells),
            "split": arguments.split,
        }
    )
    write_rows(rows, arguments.folder / "cases.csv")
    lift, drag = (solution.coefficients[f"{force}_coefficient"] for force in ("lift", "drag"))
    print(f"case {name}: lift {lift:.4f}, drag {drag:.4f}, {solution.volume.n_points} points")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where cases.csv lies or is to lie")
    parser.add_argument("--outline", required=True, help="four NACA digits or a .dat file")
    parser.add_argument("--angle", type=float, required=True, help="angle of attack, degrees")
    parser.add_argument("--reynolds", type=float, default=1e6)
    parser.add_argument("--iterations", type=int, default=700)
    parser.add_argument("--split", choices=("train", "val", "test"), default="train")
    return parser.parse_args()


def outline_name(outline: str) -> str:
    return f"naca{outline}" if outline.isdigit() else Path(outline).stem


def solve(
    outline: np.ndarray, flow: Flow, case: Path, options: MeshOptions | None = None
) -> Solution:
    """Mesh, solve and read back; the OpenFOAM case stays in ``case``."""
    write_case(case, flow)
    write_poly_mesh(plane_mesh(outline, options), case, flow.span)
    coefficients = run(case)
    return Solution(
        volume=volume_mesh(case, flow, coefficients),
        wall=wall_surface(case),
        coefficients=coefficients,
    )


def volume_mesh(case: Path, flow: Flow, coefficients: dict[str, float]) -> pv.UnstructuredGrid:
    """The 2-D mesh with point fields and the numbers of the case."""
    solved = read_case(case, ReadOptions(fields=FIELDS))
    mesh = pv.UnstructuredGrid(solved.dataset.copy())
    mesh.points[:, 2] = 0.0
    mesh.clear_data()
    for name in FIELDS:
        values = solved.fields[name].astype(np.float32)
        is_vector = values.shape[1] == 2
        mesh.point_data[name] = np.pad(values, ((0, 0), (0, 1))) if is_vector else values[:, 0]
    mesh.point_data["wall"] = solved.boundaries["wall"].astype(np.uint8)
    mesh.field_data["angle_of_attack_deg"] = [flow.angle_of_attack_deg]
    mesh.field_data["reynolds"] = [flow.reynolds]
    for force in ("lift_coefficient", "drag_coefficient"):
        mesh.field_data[force] = [coefficients[force]]
    mesh.field_data["units"] = UNITS
    return mesh


def wall_surface(case: Path) -> pv.PolyData:
    """Middles of the wall's faces with pressure and shear stress."""
    marker = case / "case.foam"
    marker.touch()
    reader = pv.OpenFOAMReader(marker)
    reader.set_active_time_value(reader.time_values[-1])
    reader.enable_all_patch_arrays()
    patch = reader.read()["boundary"]["airfoil"]
    middles = pv.PolyData(np.asarray(patch.cell_centers().points))
    for name in ("p", "wallShearStress"):
        middles.point_data[name] = np.asarray(patch.cell_data[name])
    return middles


def save(mesh: pv.DataSet, path: Path) -> None:
    with replacing(path) as temporary:
        mesh.save(temporary)


def read_rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(rows: list[dict[str, str]], path: Path) -> None:
    with replacing(path) as temporary, temporary.open("w", newline="") as stream:
        table = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
