from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case

HillsFile = Callable[..., Path]


def test_the_front_is_a_plane_mesh_with_averaged_fields(
    tmp_path: Path, hills_file: HillsFile
) -> None:
    case = read_case(hills_file(tmp_path / "case_1p2.npz"))
    assert case.space == 2
    assert case.edges.shape == (2, 7)
    assert {name: values.shape for name, values in case.fields.items()} == {
        "TauDNS": (6, 6),
        "UDNS": (6, 2),
    }
    assert np.array_equal(case.fields["UDNS"][:, 0], 1 + case.points[:, 0])
    assert case.parameters == {"slope": 1.2}
    assert case.units["TauDNS"] == "m2/s2"


def test_walls_are_tags_and_cyclic_patches_are_no_walls(
    tmp_path: Path, hills_file: HillsFile
) -> None:
    case = read_case(hills_file(tmp_path / "case_0p5.npz"))
    assert (case.points[case.boundaries["wall"], 1] == 0).all()
    assert case.boundaries["wall"].sum() == 3
    assert case.boundaries["inlet"].sum() == 2
    assert set(case.boundaries) == {"bottomWall", "inlet", "wall"}


def test_only_the_fields_asked_for_are_read(tmp_path: Path, hills_file: HillsFile) -> None:
    path = hills_file(tmp_path / "case_1p2.npz")
    assert list(read_case(path, ReadOptions(fields=("UDNS",))).fields) == ["UDNS"]
    with pytest.raises(DataError, match="expected a field 'V'; there is"):
        read_case(path, ReadOptions(fields=("V",)))


def test_a_mesh_that_is_not_flat_is_an_error(tmp_path: Path, hills_file: HillsFile) -> None:
    with pytest.raises(DataError, match="expected a patch of type empty"):
        read_case(hills_file(tmp_path / "case_1p2.npz", front="patch"))
