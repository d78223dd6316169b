"""Make cases of bluff bodies in a stream: shape, OpenFOAM mesh and solution, ``cases.csv``.

    python examples/bluff_bodies/generate.py cases --count 32

Needs ``apt-get install openfoam`` (v1912). The same seed draws the same bodies; a folder with cases
in it is gone on with.
"""

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))  # where solved_cases lies

from body import FAMILIES, Body, draw_body, frontal_area
from solved_cases.case_folder import Solution, read_rows, write_rows
from solved_cases.openfoam import solver_folder, volume_mesh, wall_surface
from solver import PROGRAMS, Flow, run, write_case

UNITS = {"p": "m2/s2", "U": "m/s", "k": "m2/s2", "nut": "m2/s"}
REYNOLDS = (5e4, 5e5)  # with a length of 1 m
SPLITS = ("train", "train", "test", "train", "val", "train", "train", "test")  # of eight in a row
COEFFICIENTS = ("drag_coefficient", "lift_coefficient", "side_coefficient")


def main() -> None:
    arguments = parse_arguments()
    try:
        solver_folder(PROGRAMS)
    except RuntimeError as error:
        sys.exit(str(error))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    table, refusals = (arguments.folder / name for name in ("cases.csv", "refused.csv"))
    rows, refused = read_rows(table), read_rows(refusals)
    done = {row["case"] for row in rows + refused}
    for number in range(arguments.count):
        name = f"{number:04d}"
        if name in done:
            continue
        body, flow = draw_case(arguments.seed, number, arguments.iterations)
        try:
            solution = solve_in_scratch(body, flow)
        except RuntimeError as error:
            refused.append({"case": name, "family": body.family, "reason": str(error)})
            write_rows(refused, refusals)
            print(f"case {name}: {error}", flush=True)
            continue
        solution.save(arguments.folder, name)
        rows.append(case_row(number, body, flow, solution))
        write_rows(rows, table)
        drag = solution.coefficients["drag_coefficient"]
        print(
            f"case {name}: {body.family}, drag {drag:.4f}, {solution.volume.n_points} points",
            flush=True,
        )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where cases.csv lies or is to lie")
    parser.add_argument("--count", type=int, default=32, help="cases in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iterations", type=int, default=Flow.iterations)
    return parser.parse_args()


def draw_case(seed: int, number: int, iterations: int = Flow.iterations) -> tuple[Body, Flow]:
    """Body and flow of one case; families take turns, whatever the other cases are."""
    random = np.random.default_rng([seed, number])
    body = draw_body(FAMILIES[number % len(FAMILIES)], random)
    reynolds = float(np.exp(random.uniform(*np.log(REYNOLDS))))
    return body, Flow(reynolds=reynolds, iterations=iterations)


def solve_in_scratch(body: Body, flow: Flow) -> Solution:
    with tempfile.TemporaryDirectory() as work:
        return solve(body, flow, Path(work) / "case")


def solve(body: Body, flow: Flow, case: Path) -> Solution:
    """Mesh, solve and read back; the OpenFOAM case stays in ``case``."""
    surface = body.surface()
    write_case(case, surface, flow)
    coefficients = run(case)
    numbers = {"reynolds": flow.reynolds, "frontal_area": frontal_area(surface)}
    return Solution(
        volume=volume_mesh(case, UNITS, numbers | coefficients),
        wall=wall_surface(case, "body"),
        coefficients=coefficients,
    )


def case_row(number: int, body: Body, flow: Flow, solution: Solution) -> dict[str, str]:
    """The row of ``cases.csv``; no body stands in two cases, so splitting cases splits bodies."""
    shape = {
        name: value if isinstance(value, str) else f"{value:.4f}"
        for name, value in dataclasses.asdict(body).items()
    }
    area = float(solution.volume.field_data["frontal_area"][0])
    return {
        "case": f"{number:04d}",
        **shape,
        "reynolds": f"{flow.reynolds:.6g}",
        "frontal_area": f"{area:.5f}",
        **{name: f"{solution.coefficients[name]:.5f}" for name in COEFFICIENTS},
        "points": str(solution.volume.n_points),
        "cells": str(solution.volume.n_cells),
        "split": SPLITS[number % len(SPLITS)],
    }


if __name__ == "__main__":
    main()
