"""OpenFOAM v1912: fill in the case files, mesh the space around a body, solve, read forces."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
import pyvista as pv
from body import frontal_area
from solved_cases.openfoam import coefficient_columns, run_program

TEMPLATE = Path(__file__).parent / "template"
PROGRAMS = ("blockMesh", "snappyHexMesh", "simpleFoam")

SPEED = 1.0  # m/s
TURBULENCE_INTENSITY = 0.01
VISCOSITY_RATIO = 10.0  # turbulent to molecular, in the stream

CELL = 1.0  # m, far from the body; divided by 16 at its surface
CELLS_UPSTREAM, CELLS_DOWNSTREAM, CELLS_BESIDE = 5, 10, 5  # from the origin
WAKE_LENGTH = 1.5  # m, behind the body
WAKE_MARGIN = 0.1  # m, beside the body
INSIDE = 0.013  # cells; a point of the fluid that lies on no face of a cell

WINDOW = 40  # last iterations over which the drag has to stand still
LARGEST_DRIFT = 0.03  # share of the drag coefficient


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What one solution is computed for; the length of the Reynolds number is 1 m."""

    reynolds: float
    iterations: int = 140

    @property
    def viscosity(self) -> float:
        """Kinematic, m2/s."""
        return SPEED / self.reynolds


def write_case(case: Path, surface: pv.PolyData, flow: Flow) -> None:
    """The files of ``template`` with their ``$names`` filled in, and the body as STL."""
    values = {name: f"{value:.8g}" for name, value in case_values(surface, flow).items()}
    for source in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
        target = case / source.relative_to(TEMPLATE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(source.read_text()).substitute(values))
    (case / "constant" / "triSurface").mkdir(exist_ok=True)
    surface.save(case / "constant" / "triSurface" / "body.stl")


def case_values(surface: pv.PolyData, flow: Flow) -> dict[str, float]:
    """What the names in the templates stand for."""
    _, back, *beside = surface.bounds
    energy = 1.5 * (TURBULENCE_INTENSITY * SPEED) ** 2
    return {
        "speed": SPEED,
        "viscosity": flow.viscosity,
        "k": energy,
        "omega": energy / (VISCOSITY_RATIO * flow.viscosity),
        "iterations": flow.iterations,
        "area": frontal_area(surface),
        "upstream": -CELLS_UPSTREAM * CELL,
        "downstream": CELLS_DOWNSTREAM * CELL,
        "side": CELLS_BESIDE * CELL,
        "cells_along": CELLS_UPSTREAM + CELLS_DOWNSTREAM,
        "cells_across": 2 * CELLS_BESIDE,
        "inside": (INSIDE - CELLS_UPSTREAM + 1) * CELL,
        "wake_end": back + WAKE_LENGTH,
        "wake_side": np.abs(beside).max() + WAKE_MARGIN,
    }


def run(case: Path) -> dict[str, float]:
    """Mesh, solve and return the coefficients; ``RuntimeError`` when one of these fails."""
    run_program(case, "blockMesh")
    run_program(case, "snappyHexMesh", "-overwrite")
    run_program(case, "simpleFoam")
    return settled_coefficients(case)


def settled_coefficients(case: Path) -> dict[str, float]:
    """Means over the last iterations; ``RuntimeError`` while the drag still moves."""
    last = {name: column[-WINDOW:] for name, column in coefficient_columns(case).items()}
    drift = float(np.ptp(last["Cd"]) / np.abs(last["Cd"].mean()))
    if not drift <= LARGEST_DRIFT:  # also where it is not a number
        raise RuntimeError(f"not converged, the drag moved by {drift:.1%} at the end")
    names = {"drag": "Cd", "lift": "Cl", "side": "Cs"}
    return {f"{name}_coefficient": float(last[column].mean()) for name, column in names.items()}
