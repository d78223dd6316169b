import json
import logging
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case, read_cases

FORCES = "run, cd, cl\n1,2.5e-01, -9.0e-02\n2,3.0e-01, 1.5e-01\n10,2.0e-01, 0.0\n"
SHAPES = "run,body-length,slant-angle-degrees\n1,1187.9,61.2\n2,1070.9,15.9\n"


def body(number: int) -> pv.PolyData:
    """A cube of polygons with fields in its cells, as these data sets have them."""
    cube = pv.Cube(clean=True)
    cube.clear_data()
    cube.cell_data["pMeanTrim"] = np.full(6, float(number))
    cube.cell_data["wallShearStressMeanTrim"] = np.ones((6, 3))
    return cube


def volume() -> pv.UnstructuredGrid:
    """Cells around the cube, those inside it left out."""
    box = pv.ImageData(dimensions=(4, 4, 4), origin=(-1.5, -1.5, -1.5))
    centers = box.cell_centers().points
    grid = box.cast_to_unstructured_grid().extract_cells(np.abs(centers).max(axis=1) > 0.5)
    for data in (grid.point_data, grid.cell_data):
        data.clear()
    grid.cell_data["UMeanTrim"] = np.ones((grid.n_cells, 3))
    return grid


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    root = tmp_path / "ahmedml"
    for number in (1, 2, 10):
        run = root / f"run_{number}"
        run.mkdir(parents=True)
        body(number).save(run / f"boundary_{number}.vtp")
        body(number).triangulate().save(run / f"ahmed_{number}.stl")
    (root / "force_mom_all.csv").write_text(FORCES)
    (root / "geo_parameters_all.csv").write_text(SHAPES)
    (root / "splits").mkdir()
    manifest = {"full_train": ["run_1"], "full_val": ["run_10"], "full_test": ["run_2"]}
    (root / "splits" / "manifest.json").write_text(json.dumps(manifest))
    return root


def test_forces_are_results_and_shapes_are_parameters(data_set: Path) -> None:
    cases = {case.name: case for case in read_cases(data_set)}
    assert cases["run_1"].results == {"cd": 0.25, "cl": -0.09}
    assert cases["run_1"].parameters == {"body-length": 1187.9, "slant-angle-degrees": 61.2}
    assert cases["run_10"].parameters == {}
    assert {name: case.split for name, case in cases.items()} == {
        "run_1": "train",
        "run_2": "test",
        "run_10": "val",
    }


def test_the_surface_is_read_with_the_fields_of_its_cells(data_set: Path) -> None:
    case = read_case(data_set / "run_2", ReadOptions(fields=("pMeanTrim",)))
    assert case.num_points == 8
    assert (case.fields["pMeanTrim"] == 2).all()
    assert "wallShearStressMeanTrim" not in case.dataset.cell_data
    assert case.units["pMeanTrim"] == "m2/s2"
    assert case.split == "test"


def test_tables_of_the_run_beat_those_of_all(data_set: Path) -> None:
    run = data_set / "run_1"
    (run / "force_mom_1.csv").write_text("run, cd\n1, 0.5\n")
    (run / "geo_ref_1.csv").write_text("aRef, lRef\n2.1, 1.0\n")
    results = read_case(run).results
    assert results == {"cd": 0.5, "cl": -0.09, "aRef": 2.1, "lRef": 1.0}


def test_the_volume_has_the_body_as_its_wall(data_set: Path) -> None:
    run = data_set / "run_1"
    volume().save(run / "volume_1.vtu")
    case = read_case(run, ReadOptions(region="volume"))
    assert case.num_points == 64
    assert case.boundaries["wall"].sum() == 8
    assert case.wall_path == run / "boundary_1.vtp"
    assert list(case.fields) == ["UMeanTrim"]


def test_a_volume_in_parts_says_what_to_do(data_set: Path) -> None:
    with pytest.raises(DataError, match=r"run_1: expected volume_1\.vtu; join its parts"):
        read_case(data_set / "run_1", ReadOptions(region="volume"))


def test_points_of_a_vtu_boundary_are_read(data_set: Path) -> None:
    run = data_set / "run_1"
    (run / "boundary_1.vtp").unlink()
    mesh = body(1).cast_to_unstructured_grid()
    mesh.point_data["cp"] = np.arange(8.0)
    mesh.save(run / "boundary_1.vtu")
    assert read_case(run, ReadOptions(fields=("cp",))).fields["cp"][:, 0].tolist() == list(range(8))


def test_runs_without_a_mesh_are_named_and_left_out(
    data_set: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data_set / "run_3").mkdir()
    with caplog.at_level(logging.WARNING):
        names = [case.name for case in read_cases(data_set)]
    assert names == ["run_1", "run_10", "run_2"]
    assert "1 runs have no mesh and are left out: run_3" in caplog.text


def test_words_in_a_table_are_an_error(data_set: Path) -> None:
    (data_set / "force_mom_all.csv").write_text("run, cd\n1,low\n")
    with pytest.raises(DataError, match=r"force_mom_all\.csv: line 2 must hold a number"):
        read_cases(data_set)
