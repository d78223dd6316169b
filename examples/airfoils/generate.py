"""Make airfoil cases: outline, Gmsh mesh, OpenFOAM solution, VTU with a row in ``cases.csv``.

    python examples/airfoils/generate.py cases --outline 4412 --angle 4 --reynolds 1e6
    python examples/airfoils/generate.py cases --outline e423.dat --angle 2 --split test

Needs ``pip install "graphformers[airfoils]"`` and ``apt-get install openfoam`` (v1912). A case
takes about half a minute on one core.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))  # where solved_cases lies

from mesh import MeshOptions, plane_mesh
from outline import load_outline
from poly_mesh import write_poly_mesh
from solved_cases.case_folder import Solution, read_rows, write_rows
from solved_cases.openfoam import volume_mesh, wall_surface
from solver import Flow, run, write_case

UNITS = {"U": "m/s", "p": "m2/s2", "nut": "m2/s"}
FORCES = ("lift", "drag")


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
    solution.save(arguments.folder, name)
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
    lift, drag = (solution.coefficients[f"{force}_coefficient"] for force in FORCES)
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
    numbers = {"angle_of_attack_deg": flow.angle_of_attack_deg, "reynolds": flow.reynolds}
    forces = {f"{force}_coefficient": coefficients[f"{force}_coefficient"] for force in FORCES}
    volume = volume_mesh(case, UNITS, numbers | forces)
    volume.points[:, 2] = 0.0
    return Solution(volume=volume, wall=wall_surface(case, "airfoil"), coefficients=coefficients)


if __name__ == "__main__":
    main()
