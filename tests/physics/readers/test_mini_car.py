from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
import torch

from graphformers.errors import DataError
from graphformers.physics import read_cases


def car(seed: int) -> tuple[pv.PolyData, dict[str, torch.Tensor]]:
    """A ball with dents, and what the file of such a car holds: no triangles, but their centres."""
    ball = pv.Sphere(theta_resolution=12, phi_resolution=10)
    noise = np.random.default_rng(seed).uniform(0.9, 1.1, (ball.n_points, 1))
    ball.points = np.asarray(ball.points) * noise
    normals = ball.compute_normals(point_normals=False, auto_orient_normals=True)
    corners = np.asarray(ball.points)[ball.regular_faces]
    return ball, {
        "vertices": torch.from_numpy(np.asarray(ball.points, dtype=np.float32)),
        "centroids": torch.from_numpy(corners.mean(axis=1).astype(np.float32)),
        "triangle_normals": torch.from_numpy(np.asarray(normals.cell_data["Normals"])),
        "press": torch.arange(ball.n_points, dtype=torch.float32)[None],
    }


def test_triangles_are_found_from_their_centres(tmp_path: Path) -> None:
    balls, entries = zip(*(car(seed) for seed in range(2)), strict=True)
    torch.save(list(entries), tmp_path / "mini_car.pt")
    cases = read_cases(tmp_path / "mini_car.pt")
    assert [case.name for case in cases] == ["mini_car_0", "mini_car_1"]
    for ball, case in zip(balls, cases, strict=True):
        expected = np.unique(np.sort(ball.regular_faces, axis=1), axis=0)
        found = np.unique(np.sort(case.dataset.cell_connectivity.reshape(-1, 3)), axis=0)
        assert np.array_equal(found, expected)
        assert case.fields["press"][:, 0].tolist() == list(range(ball.n_points))


def test_triangles_look_outwards(tmp_path: Path) -> None:
    torch.save([car(0)[1]], tmp_path / "mini_car.pt")
    (case,) = read_cases(tmp_path / "mini_car.pt")
    middle = case.points[case.wall.facets].mean(axis=0)
    assert ((case.wall.facet_normals * middle).sum(axis=1) > 0).all()


def test_a_centre_between_no_vertices_is_an_error(tmp_path: Path) -> None:
    _, entry = car(0)
    entry["centroids"][7] += 0.01
    torch.save([entry], tmp_path / "mini_car.pt")
    with pytest.raises(DataError, match=r"1 are not, the first is that of triangle 7"):
        read_cases(tmp_path / "mini_car.pt")


def test_other_files_of_tensors_are_no_cars(tmp_path: Path) -> None:
    torch.save({"x": torch.zeros(3)}, tmp_path / "darcy.pt")
    torch.save({"code": Path("no tensor")}, tmp_path / "code.pt")
    (tmp_path / "broken.pt").write_bytes(b"no tensors")
    with pytest.raises(DataError, match="no cases here"):
        read_cases(tmp_path)
