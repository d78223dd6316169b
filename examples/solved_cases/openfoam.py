"""Driving OpenFOAM v1912: find it, run its programs, read what they wrote."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyvista as pv

from graphformers.physics import ReadOptions, read_case


def solver_folder(programs: Sequence[str]) -> Path:
    """Folder that holds OpenFOAM's ``etc``; ``RuntimeError`` where a program is not installed.

    OpenFOAM looks its settings up below WM_PROJECT_DIR. Debian's package does not set it, and its
    ``etc/bashrc`` would set it wrongly.
    """
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise RuntimeError(f"{', '.join(missing)} not found: apt-get install openfoam")
    folder = Path(os.environ.get("WM_PROJECT_DIR", "/usr/share/openfoam"))
    if not (folder / "etc" / "controlDict").is_file():
        raise RuntimeError(f"no etc/controlDict in {folder}: set WM_PROJECT_DIR to its folder")
    return folder


def run_program(case: Path, program: str, *options: str) -> None:
    """Run a program in a case and keep what it says in its log; ``RuntimeError`` when it fails."""
    environment = {**os.environ, "WM_PROJECT_DIR": str(solver_folder([program]))}
    log = case / f"log.{program}"
    with log.open("w") as stream:
        done = subprocess.run(
            [program, *options, "-case", str(case)],
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        tail = log.read_text(errors="replace")[-800:]
        raise RuntimeError(f"{program} failed in {case}:\n{tail}")


def coefficient_columns(case: Path) -> dict[str, np.ndarray]:
    """Force coefficients by OpenFOAM's names (``Cd``, ``Cl``), a number for each iteration."""
    path = case / "postProcessing" / "coefficients" / "0" / "coefficient.dat"
    lines = path.read_text().splitlines()
    header = next(line for line in lines if line.startswith("#") and "Cd" in line.split())
    rows = [line.split() for line in lines if not line.startswith("#")]
    return dict(zip(header.lstrip("# ").split(), np.asarray(rows, dtype=float).T, strict=True))


def volume_mesh(
    case: Path, units: Mapping[str, str], numbers: Mapping[str, float]
) -> pv.UnstructuredGrid:
    """The mesh with those fields at its points that have a unit, and the numbers of the case."""
    solved = read_case(case, ReadOptions(fields=tuple(units)))
    mesh = pv.UnstructuredGrid(solved.dataset.copy())
    mesh.clear_data()
    for name in units:
        mesh.point_data[name] = as_array(solved.fields[name].astype(np.float32))
    mesh.point_data["wall"] = solved.boundaries["wall"].astype(np.uint8)
    for name, value in numbers.items():
        mesh.field_data[name] = [value]
    mesh.field_data["units"] = [f"{name}: {unit}" for name, unit in units.items()]
    return mesh


def as_array(values: np.ndarray) -> np.ndarray:
    """A scalar (points,), or a vector (points, 3), also where the mesh is plane."""
    components = values.shape[1]
    return values[:, 0] if components == 1 else np.pad(values, ((0, 0), (0, 3 - components)))


def wall_surface(case: Path, patch: str) -> pv.PolyData:
    """Middles of the faces of a patch with pressure and shear stress."""
    marker = case / "case.foam"
    marker.touch()
    reader = pv.OpenFOAMReader(marker)
    reader.set_active_time_value(reader.time_values[-1])
    reader.enable_all_patch_arrays()
    faces = reader.read()["boundary"][patch]
    middles = pv.PolyData(np.asarray(faces.cell_centers().points))
    for name in ("p", "wallShearStress"):
        middles.point_data[name] = np.asarray(faces.cell_data[name])
    return middles
