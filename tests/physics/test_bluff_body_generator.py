import csv
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import pyvista as pv

from graphformers.physics import read_cases
from graphformers.physics.external_flow import free_stream, is_external

ROUND = 3e-3  # what a polyhedron of 2562 corners on a round body lacks of its area and volume
NUM_CASES = 6

Script = Callable[[str], ModuleType]


@pytest.fixture
def script(scripts_of: Callable[[str], Script]) -> Script:
    """Import a file of the example folder as its scripts do."""
    return scripts_of("bluff_bodies")


@pytest.fixture
def no_openfoam(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def box(script: Script, **changes: float) -> object:
    sizes = {"length": 2.0, "width": 1.0, "height": 0.8, "roundness": 0.5}
    body = {"family": "box", "slant_deg": 20.0, "yaw_deg": 0.0} | sizes | changes
    return script("body").Body(**body)


def test_surfaces_are_closed_and_face_outwards(script: Script) -> None:
    for number in range(NUM_CASES):
        body, _ = script("generate").draw_case(0, number)
        surface = body.surface()
        assert surface.n_open_edges == 0
        assert surface.is_manifold
        corners = np.asarray(surface.points)[surface.regular_faces]
        signed_volume = np.linalg.det(corners).sum() / 6
        assert signed_volume == pytest.approx(surface.volume, rel=1e-3)


def test_a_body_is_as_large_as_it_says(script: Script) -> None:
    for number in range(NUM_CASES):
        body, _ = script("generate").draw_case(0, number)
        sizes = np.ptp(body.points(), axis=0)
        assert sizes == pytest.approx([body.length, body.width, body.height], rel=ROUND)


def test_what_is_drawn_lies_in_its_range_and_depends_on_seed_and_number_only(
    script: Script,
) -> None:
    shapes, generate = script("body"), script("generate")
    drawn = [generate.draw_case(3, number) for number in range(NUM_CASES)]
    assert {body.family for body, _ in drawn} == set(shapes.FAMILIES)
    for body, flow in drawn:
        assert shapes.LENGTHS[0] <= body.length <= shapes.LENGTHS[1]
        assert shapes.WIDTHS[0] <= body.width <= shapes.WIDTHS[1]
        assert shapes.HEIGHTS[0] <= body.height <= shapes.HEIGHTS[1]
        assert shapes.YAWS[0] <= body.yaw_deg <= shapes.YAWS[1]
        assert shapes.SLANTS[0] <= body.slant_deg <= shapes.SLANTS[1]
        assert body.family == "box" or body.slant_deg == 0
        assert generate.REYNOLDS[0] <= flow.reynolds <= generate.REYNOLDS[1]
    assert generate.draw_case(3, 5) == drawn[5]
    assert generate.draw_case(4, 5) != drawn[5]


def test_an_ellipsoid_has_the_area_and_volume_of_one(script: Script) -> None:
    body = box(script, family="ellipsoid", slant_deg=0.0)
    surface = body.surface()
    axes = body.length * body.width * body.height
    assert surface.volume == pytest.approx(np.pi / 6 * axes, rel=ROUND)
    area = np.pi / 4 * body.width * body.height
    assert script("body").frontal_area(surface) == pytest.approx(area, rel=ROUND)


def test_yaw_widens_the_shadow_of_a_long_body(script: Script) -> None:
    area = script("body").frontal_area
    straight, yawed = (area(box(script, yaw_deg=yaw).surface()) for yaw in (0.0, 20.0))
    assert straight == pytest.approx(1.0 * 0.8, rel=1e-2)
    assert yawed > straight


def test_a_slant_cuts_the_upper_rear_edge_off(script: Script) -> None:
    full, slanted = (box(script, slant_deg=slant).surface() for slant in (0.0, 30.0))
    along = 0.22 * 2.0
    triangle = 0.5 * along**2 * np.sin(np.pi / 6) * np.cos(np.pi / 6)
    assert full.volume - slanted.volume == pytest.approx(triangle * 1.0, rel=0.05)


def test_an_unknown_family_names_the_known_ones(script: Script) -> None:
    with pytest.raises(ValueError, match=r"family must be one of box.*got 'bus'"):
        box(script, family="bus")


def test_case_files_are_filled_in(script: Script, tmp_path: Path) -> None:
    solver = script("solver")
    surface = box(script).surface()
    solver.write_case(tmp_path, surface, solver.Flow(reynolds=2e5, iterations=77))
    files = {str(path.relative_to(solver.TEMPLATE)) for path in solver.TEMPLATE.rglob("*.*")}
    files |= {"0/U", "0/p", "0/k", "0/omega", "0/nut", "system/controlDict"}
    texts = {name: (tmp_path / name).read_text() for name in files}
    assert not [name for name, text in texts.items() if "$" in text]
    assert "nu 5e-06;" in (tmp_path / "constant" / "transportProperties").read_text()
    assert "endTime 77;" in texts["system/controlDict"]
    assert "uniform (1 0 0)" in texts["0/U"]
    stl = pv.read(tmp_path / "constant" / "triSurface" / "body.stl")
    assert stl.n_open_edges == 0
    assert stl.volume == pytest.approx(surface.volume, rel=1e-4)


def test_the_known_point_of_the_fluid_lies_outside_of_every_body(script: Script) -> None:
    solver = script("solver")
    for number in range(NUM_CASES):
        body, flow = script("generate").draw_case(0, number)
        surface = body.surface()
        values = solver.case_values(surface, flow)
        assert values["upstream"] < values["inside"] < surface.bounds.x_min
        assert surface.bounds.x_max < values["wake_end"] < values["downstream"]


def write_coefficients(case: Path, drag: np.ndarray) -> None:
    path = case / "postProcessing" / "coefficients" / "0" / "coefficient.dat"
    path.parent.mkdir(parents=True)
    rows = "".join(f"{k}\t{value:.6e}\t1e-1\t2e-1\n" for k, value in enumerate(drag, start=1))
    path.write_text(f"# Force coefficients\n# Time\tCd\tCs\tCl\n{rows}")


def test_coefficients_are_means_over_the_end(script: Script, tmp_path: Path) -> None:
    drag = np.r_[np.linspace(9, 1, 60), np.tile([0.299, 0.301], 20)]
    write_coefficients(tmp_path, drag)
    assert script("solver").settled_coefficients(tmp_path) == {
        "drag_coefficient": pytest.approx(0.3),
        "lift_coefficient": pytest.approx(0.2),
        "side_coefficient": pytest.approx(0.1),
    }


@pytest.mark.parametrize("last", [0.4, np.nan])
def test_a_drag_that_still_moves_is_refused(script: Script, tmp_path: Path, last: float) -> None:
    write_coefficients(tmp_path, np.r_[np.full(99, 0.3), last])
    with pytest.raises(RuntimeError, match="not converged"):
        script("solver").settled_coefficients(tmp_path)


@pytest.mark.usefixtures("no_openfoam")
def test_without_openfoam_the_error_says_how_to_get_it(
    script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["generate.py", str(tmp_path / "cases")])
    with pytest.raises(SystemExit, match=r"blockMesh, .*not found: apt-get install openfoam"):
        script("generate").main()
    assert not (tmp_path / "cases").exists()


def test_a_folder_is_gone_on_with(
    script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Case 1 fails and is not tried again; the others are read back as cases with a split."""
    generate = script("generate")
    asked: list[str] = []

    def stand_in(body: object, flow: object) -> object:
        asked.append(body.family)
        if body.family == "ellipsoid":
            raise RuntimeError("not converged")
        grid = pv.ImageData(dimensions=(3, 3, 3)).cast_to_unstructured_grid()
        grid.point_data["p"] = np.zeros(grid.n_points)
        grid.field_data["frontal_area"] = [0.7]
        coefficients = dict.fromkeys(generate.COEFFICIENTS, 0.25)
        wall = pv.PolyData(np.zeros((1, 3)))
        return generate.Solution(volume=grid, wall=wall, coefficients=coefficients)

    monkeypatch.setattr(generate, "solve_in_scratch", stand_in)
    monkeypatch.setattr(generate, "solver_folder", lambda _: tmp_path)
    for count in ("2", "3"):
        monkeypatch.setattr(sys, "argv", ["generate.py", str(tmp_path), "--count", count])
        generate.main()
    assert asked == ["box", "ellipsoid", "cylinder"]
    with (tmp_path / "refused.csv").open(newline="") as stream:
        assert [row["case"] for row in csv.DictReader(stream)] == ["0001"]
    first, second = read_cases(tmp_path)
    assert (first.name, second.name) == ("0000", "0002")
    assert (first.split, second.split) == ("train", "test")
    assert first.parameters.keys() == {"reynolds"}
    assert first.results["drag_coefficient"] == 0.25
    assert {"length", "yaw_deg", "frontal_area", "points"} <= first.results.keys()
    assert first.wall_path == tmp_path / "0000_wall.vtp"
    assert is_external(first)
    assert free_stream(first).area == first.results["frontal_area"]
