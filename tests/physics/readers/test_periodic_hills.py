import json
from pathlib import Path

import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case


def write(path: Path, front: str = "empty") -> Path:
    """A row of two unit cubes; the faces in the plane are the patch ``front``."""
    corners = [(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1, 2)]
    number = {corner: k for k, corner in enumerate(corners)}

    def face(*points: tuple[int, int, int]) -> list[int]:
        return [number[point] for point in points]

    faces = [face((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1))]
    faces += [face((k, 0, 0), (k + 1, 0, 0), (k + 1, 0, 1), (k, 0, 1)) for k in (0, 1)]
    faces += [face((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0))]
    for z in (0, 1):
        faces += [face((k, 0, z), (k, 1, z), (k + 1, 1, z), (k + 1, 0, z)) for k in (0, 1)]
    patches = [("bottomWall", "wall", 2, 1), ("inlet", "cyclic", 1, 3), ("sides", front, 4, 4)]
    np.savez(
        path,
        points=np.asarray(corners, dtype=float),
        faces=np.asarray(faces, dtype=np.int32),
        owner=np.asarray([0, 0, 1, 0, 0, 1, 0, 1], dtype=np.int32),
        neighbour=np.asarray([1], dtype=np.int32),
        boundary_json=json.dumps(patches),
        cell_UDNS=np.asarray([[1, 0, 0.2], [3, 0, -0.2]], dtype=np.float32),
        cell_TauDNS=np.arange(12, dtype=np.float32).reshape(2, 6),
        cell_V=np.ones(2, dtype=np.float32),
        cell_centre_approx=np.zeros((2, 3), dtype=np.float32),
    )
    return path


def test_the_front_is_a_plane_mesh_with_averaged_fields(tmp_path: Path) -> None:
    case = read_case(write(tmp_path / "case_1p2.npz"))
    assert case.space == 2
    assert case.edges.shape == (2, 7)
    assert {name: values.shape for name, values in case.fields.items()} == {
        "TauDNS": (6, 6),
        "UDNS": (6, 2),
    }
    assert np.array_equal(case.fields["UDNS"][:, 0], 1 + case.points[:, 0])
    assert case.parameters == {"slope": 1.2}
    assert case.units["TauDNS"] == "m2/s2"


def test_walls_are_tags_and_cyclic_patches_are_no_walls(tmp_path: Path) -> None:
    case = read_case(write(tmp_path / "case_0p5.npz"))
    assert (case.points[case.boundaries["wall"], 1] == 0).all()
    assert case.boundaries["wall"].sum() == 3
    assert case.boundaries["inlet"].sum() == 2
    assert set(case.boundaries) == {"bottomWall", "inlet", "wall"}


def test_only_the_fields_asked_for_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "case_1p2.npz")
    assert list(read_case(path, ReadOptions(fields=("UDNS",))).fields) == ["UDNS"]
    with pytest.raises(DataError, match="expected a field 'V'; there is"):
        read_case(path, ReadOptions(fields=("V",)))


def test_a_mesh_that_is_not_flat_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a patch of type empty"):
        read_case(write(tmp_path / "case_1p2.npz", front="patch"))
