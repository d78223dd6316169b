from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import ConfigError, DataError
from graphformers.physics import case_from_dataset
from graphformers.physics.pictures import view, views, write_views
from graphformers.physics.pictures.views import subject_of


@pytest.mark.parametrize("field", ["p", "U"])
def test_view_writes_a_screenshot(ring_mesh, tmp_path: Path, field: str) -> None:
    ring_mesh().save(tmp_path / "ring.vtu")
    view(tmp_path / "ring.vtu", field=field, screenshot=tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_field_that_is_not_there_leaves_no_picture(ring_mesh, tmp_path: Path) -> None:
    ring_mesh().save(tmp_path / "ring.vtu")
    with pytest.raises(DataError, match="expected a field 'q'"):
        view(tmp_path / "ring.vtu", field="q", screenshot=tmp_path / "picture.png")
    assert not (tmp_path / "picture.png").exists()


def predicted(mesh: pv.DataSet) -> pv.DataSet:
    """The mesh as a surrogate leaves it, its prediction twice the truth."""
    mesh.point_data["p_truth"] = mesh.point_data["p"]
    mesh.point_data["p"] = 2 * mesh.point_data["p"]
    return mesh


def test_a_plane_case_has_the_pictures_that_suit_it(ring_mesh) -> None:
    expected = {"field", "comparison", "isosurface", "wall", "distance"}
    assert set(views(predicted(ring_mesh()), "p")) == expected


def test_a_volume_has_the_pictures_that_suit_it(room, tmp_path) -> None:
    paths = write_views(room, "U", tmp_path)
    kinds = ("field", "surface", "slice", "streamlines", "isosurface")
    assert [path.name for path in paths] == [f"U_{kind}.png" for kind in kinds]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_predictions_are_compared_with_the_truth_beside_them(ring_mesh) -> None:
    truth = case_from_dataset(ring_mesh()).fields["p"]
    subject = subject_of(predicted(ring_mesh()), "p")
    np.testing.assert_array_equal(subject.case.fields["p"], truth)
    np.testing.assert_array_equal(subject.predicted(), 2 * truth)


def test_a_picture_asked_for_by_name_must_suit(ring_mesh) -> None:
    with pytest.raises(DataError, match="holds no prediction to compare: expected 'p_truth'"):
        views(ring_mesh(), "p", ["comparison"])
    with pytest.raises(ConfigError, match="did you mean 'slice'"):
        views(ring_mesh(), "p", ["slise"])


def test_what_does_not_suit_a_case_is_left_out_and_logged(ring_mesh, caplog) -> None:
    with caplog.at_level("INFO"):
        assert [*views(case_from_dataset(ring_mesh()), "p")] == ["field", "isosurface"]
    assert "no picture 'slice'" in caplog.text
