"""From the surface of a body to fields on and around it."""

import numpy as np
import pytest
import pyvista as pv

from graphformers.cli.main import run
from graphformers.errors import DataError
from graphformers.physics import Surrogate, SurrogateConfig, case_from_dataset, read_case
from graphformers.physics.around_body import with_surface_points, with_volume_points
from graphformers.physics.models import MeshGraphNetConfig, TransolverConfig
from graphformers.training import TrainingConfig

ROUNDING = 1e-5
POINTS = 300


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def cube(tmp_path):
    """A cube of a metre as an STL file of twelve triangles."""
    pv.Cube().triangulate().save(tmp_path / "cube.stl")
    return tmp_path / "cube.stl"


def shell(radius):
    """Air around a sphere, whose pressure falls with the distance from it."""
    sizes = {"radius_resolution": 3, "theta_resolution": 9, "phi_resolution": 7}
    mesh = pv.SolidSphere(inner_radius=radius, outer_radius=4 * radius, **sizes).clean()
    away = np.linalg.norm(mesh.points, axis=1)
    mesh.point_data["p"] = radius / away
    mesh.point_data["wall"] = (away < 1.1 * radius).astype(np.uint8)
    return mesh


@pytest.fixture
def saved(tmp_path):
    """A folder with a surrogate of shells that has hardly learned anything."""

    def save(model, architecture):
        training = TrainingConfig(epochs=1, warmup_epochs=0)
        config = SurrogateConfig(architecture=architecture, training=training)
        cases = [shell(0.4 + 0.05 * number) for number in range(4)]
        Surrogate(model, config).fit(cases, ("p",)).save(tmp_path / "run")
        return tmp_path / "run"

    return save


def test_a_finer_surface_is_the_same_body(cube):
    coarse = read_case(cube)
    fine = with_surface_points(coarse, POINTS)
    assert fine.num_points >= POINTS
    assert fine.wall.extent == pytest.approx(coarse.wall.extent)
    area = np.linalg.norm(fine.wall.facet_normals, axis=1).sum()
    assert area == pytest.approx(6.0, rel=ROUNDING)
    assert with_surface_points(coarse, 3).num_points == coarse.num_points


def test_points_around_a_body_know_their_distance_from_it(cube):
    body = with_surface_points(read_case(cube), POINTS)
    case = with_volume_points(body, 50)
    outside = np.abs(case.points[body.num_points :]).max(axis=1)
    assert len(outside) == 50
    assert (outside >= 0.5 - ROUNDING).all()
    assert (outside <= 1.5 + ROUNDING).all()
    np.testing.assert_array_equal(case.wall.point_ids, body.wall.point_ids)
    assert case.dataset.n_points == case.num_points
    assert case.features.shape == (case.num_points, len(case.feature_names))


def test_a_box_says_where_the_points_are(cube):
    box = [-1, 2, -1, 1, -2, 1]
    points = with_volume_points(read_case(cube), 40, box=box).points[-40:]
    assert (points >= box[::2]).all()
    assert (points <= box[1::2]).all()
    assert (points[:, 0] > 1.01).any()  # further than a body length away


def test_only_bodies_in_space_get_more_points(ring_mesh):
    case = case_from_dataset(ring_mesh())
    for more in (with_surface_points, with_volume_points):
        with pytest.raises(DataError, match="not the surface of a body in space"):
            more(case, 10)


def test_an_open_surface_has_no_outside(tmp_path):
    pv.Sphere(end_theta=180).save(tmp_path / "half.stl")
    with pytest.warns(UserWarning, match="open"):
        case = read_case(tmp_path / "half.stl")
    with pytest.raises(DataError, match="open edges and thus no inside"):
        with_volume_points(case, 10)


def test_an_stl_file_becomes_fields_on_and_around_the_body(saved, cube, tmp_path):
    folder = saved("transolver", TransolverConfig(dim=16, heads=2, slices=4, blocks=1))
    out = tmp_path / "flow.vtu"
    command = ["physics", "predict", str(folder), str(cube), "--output", str(out)]
    assert run([*command, "--surface_points", "200", "--volume_points", "100"]) == 0
    flow = pv.read(out)
    on_surface = with_surface_points(read_case(cube), 200).num_points
    assert flow.n_points == on_surface + 100
    assert np.isfinite(flow.point_data["p"]).all()
    assert flow.extract_surface(algorithm=None).area == pytest.approx(6.0, rel=ROUNDING)


def test_a_model_that_reads_edges_needs_a_mesh(saved, cube, capsys):
    folder = saved("mesh-graph-net", MeshGraphNetConfig(dim=8, steps=1))
    command = ["physics", "predict", str(folder), str(cube), "--volume_points", "100"]
    assert run(command) == 2
    assert "mesh-graph-net looks at the edges of a mesh" in capsys.readouterr().err
