import csv
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from graphformers.physics import case_from_dataset, read_cases
from graphformers.physics.forces import FreeStream, force_coefficients, wall_loops

FOLDER = Path(__file__).parents[2] / "examples" / "airfoils"
THICKEST_4412 = 0.12
SOLVED_LIFT = 0.78  # NACA 4412 at 4 degrees, Reynolds number 1e6
SOLVED_DRAG = 0.021
HEADER = "# Coefficients\n# Time\tCd\tCl\tCmPitch\n"
FRICTION = 0.005  # lift from wall pressure against the solver's, which has friction in it

needs_gmsh = pytest.mark.skipif(
    importlib.util.find_spec("gmsh") is None, reason="Gmsh is not installed"
)


@pytest.fixture
def script(scripts_of: Callable[[str], Callable[[str], ModuleType]]) -> Callable[[str], ModuleType]:
    """Import a file of the example folder as its scripts do."""
    return scripts_of("airfoils")


def test_four_digits_give_thickness_camber_and_chord(script) -> None:
    outline = script("outline").load_outline("4412")
    x, y = outline.T
    assert outline[0] == pytest.approx([1.0, 0.0])
    assert x.max() == pytest.approx(1.0)
    symmetric = script("outline").load_outline("0012")
    assert np.ptp(symmetric[:, 1]) == pytest.approx(THICKEST_4412, abs=1e-3)
    assert y.max() + y.min() > 0.05


def test_the_outline_runs_over_the_top_and_stands_once(script) -> None:
    outline = script("outline").load_outline("2412")
    x, y = outline.T
    area = 0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum()
    assert area > 0
    assert len(np.unique(outline.round(9), axis=0)) == len(outline)


def test_a_coordinate_file_becomes_the_outline_it_came_from(script, tmp_path: Path) -> None:
    outline = script("outline").load_outline("4412")
    closed = np.concatenate([outline, outline[:1]])
    lines = ["NACA 4412", *(f"{x:.6f} {y:.6f}" for x, y in closed)]
    (tmp_path / "a.dat").write_text("\n".join(lines))
    read = script("outline").load_outline(str(tmp_path / "a.dat"))
    assert np.ptp(read[:, 0]) == pytest.approx(1.0, abs=1e-3)
    assert np.ptp(read[:, 1]) == pytest.approx(np.ptp(outline[:, 1]), abs=1e-3)
    assert read[0] == pytest.approx([1.0, 0.0], abs=1e-3)


def test_a_file_that_is_no_outline_is_refused(script, tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text("nothing\nhere at all\n")
    with pytest.raises(ValueError, match="expected a name line and x y pairs"):
        script("outline").load_outline(str(tmp_path / "a.dat"))


def write_lift(case: Path, lift: np.ndarray) -> None:
    path = case / "postProcessing" / "coefficients" / "0" / "coefficient.dat"
    path.parent.mkdir(parents=True)
    rows = "".join(f"{k}\t2e-2\t{value:.6e}\t-1e-1\n" for k, value in enumerate(lift, start=1))
    path.write_text(HEADER + rows)


def test_coefficients_are_those_of_the_last_iteration(script, tmp_path: Path) -> None:
    write_lift(tmp_path, np.r_[np.linspace(0, 0.78, 50), np.full(99, 0.78), 0.79])
    assert script("solver").last_coefficients(tmp_path) == {
        "lift_coefficient": 0.79,
        "drag_coefficient": 0.02,
        "moment_coefficient": -0.1,
    }


@pytest.mark.parametrize("last", [0.9, np.nan])
def test_a_lift_that_still_moves_is_refused(script, tmp_path: Path, last: float) -> None:
    write_lift(tmp_path, np.r_[np.full(99, 0.78), last])
    with pytest.raises(RuntimeError, match="not converged, the lift moved"):
        script("solver").last_coefficients(tmp_path)


@needs_gmsh
def test_the_mesh_has_one_closed_wall_and_no_loose_points(script) -> None:
    outline = script("outline").load_outline("4412", points_per_side=40)
    mesh = script("mesh").plane_mesh(outline)
    case = case_from_dataset(mesh)
    (loop,) = wall_loops(case.wall.facets)
    assert len(loop) == mesh.point_data["wall"].sum()
    assert np.unique(case.edges).size == mesh.n_points
    assert set(mesh.celltypes.tolist()) == {5, 9}


@needs_gmsh
def test_the_poly_mesh_is_the_plane_mesh(script, tmp_path: Path) -> None:
    mesh = script("mesh").plane_mesh(script("outline").load_outline("0012", points_per_side=40))
    script("poly_mesh").write_poly_mesh(mesh, tmp_path / "case", 0.1)
    control = tmp_path / "case" / "system" / "controlDict"
    control.parent.mkdir()
    header = script("poly_mesh").HEADER
    control.write_text(header.format(kind="dictionary", name="controlDict") + "deltaT 1;\n")
    (read,) = read_cases(tmp_path)
    assert read.num_points == mesh.n_points
    assert read.edges.shape == case_from_dataset(mesh).edges.shape
    assert read.boundaries["wall"].sum() == mesh.point_data["wall"].sum()


@needs_gmsh
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("simpleFoam") is None, reason="OpenFOAM is not installed")
def test_a_generated_case_is_read_back_with_its_lift(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "generate.py"), str(tmp_path), "--outline", "4412"]
    subprocess.run([*command, "--angle", "4", "--iterations", "500"], check=True)
    with (tmp_path / "cases.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["airfoil"] == "naca4412"
    assert float(row["lift_coefficient"]) == pytest.approx(SOLVED_LIFT, abs=0.03)
    assert float(row["drag_coefficient"]) == pytest.approx(SOLVED_DRAG, abs=0.004)
    (case,) = read_cases(tmp_path)
    assert case.parameters == {"angle_of_attack_deg": 4.0, "reynolds": 1e6}
    assert case.wall_path == tmp_path / "0000_wall.vtp"
    stream_of_case = FreeStream(angle_of_attack_deg=4.0)
    found = force_coefficients(case.wall, case.fields["p"][:, 0], stream_of_case)
    assert found.lift == pytest.approx(float(row["lift_coefficient"]), abs=FRICTION)
