"""Series on the command line: import, train, roll out, judge."""

import numpy as np
import pytest
import pyvista as pv

from graphformers.cli.main import run
from graphformers.physics import MeshStore, SeriesStore
from graphformers.training import RunFolder

STEPS = 4
SMALL = [
    *("--architecture.dim", "16", "--architecture.hidden", "16", "--architecture.blocks", "1"),
    *("--architecture.tokens", "4", "--training.epochs", "2", "--training.batch_size", "2"),
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "meshes"))


@pytest.fixture
def disc_folder(tmp_path):
    """A wave that turns on a disc, one file per step."""
    folder = tmp_path / "disc"
    folder.mkdir()
    disc = pv.Disc(inner=0.2, outer=1.0, r_res=3, c_res=12).triangulate()
    angle = np.arctan2(disc.points[:, 1], disc.points[:, 0])
    for step in range(STEPS):
        mesh = disc.cast_to_unstructured_grid()
        mesh.point_data["T"] = np.cos(angle - 0.2 * step)
        mesh.save(folder / f"disc_{step}.vtu")
    return folder


@pytest.fixture
def trained(disc_folder, tmp_path):
    command = ["physics", "train", str(disc_folder), "--fields", "T", "--transient"]
    assert run([*command, "--out", str(tmp_path / "run"), *SMALL]) == 0
    return tmp_path / "run"


def test_train_judges_rollouts_beside_standing_still(trained):
    rows = RunFolder(trained).read_metrics()
    assert [row["method"] for row in rows] == ["physgto", "standing still"]
    assert all(row["T/last_step"] > 0 for row in rows)
    assert (trained / "report.html").is_file()


def test_a_rollout_is_written_step_by_step_beside_the_truth(trained, disc_folder, tmp_path):
    out, moving = tmp_path / "rolled", tmp_path / "rolled.gif"
    command = ["physics", "rollout", str(trained), str(disc_folder), "--steps", "5"]
    assert run([*command, "-o", str(out), "--animation", str(moving)]) == 0
    files = sorted(out.iterdir())
    assert [one.name for one in files] == [f"step_{step:04d}.vtu" for step in range(1, 6)]
    assert {"T", "T_truth", "T_error"} <= set(pv.read(files[2]).point_data.keys())
    assert "T_truth" not in pv.read(files[4]).point_data  # beyond the series
    assert moving.read_bytes().startswith(b"GIF8")


def test_evaluate_finds_what_train_found(trained, disc_folder, tmp_path, capsys):
    command = ["physics", "evaluate", str(trained), str(disc_folder), "-o", str(tmp_path / "e")]
    assert run(command) == 0
    assert RunFolder(tmp_path / "e").read_metrics()[0]["T/mean"] == pytest.approx(
        RunFolder(trained).read_metrics()[0]["T/mean"]
    )
    assert "standing still" in capsys.readouterr().out


def test_series_are_imported_into_a_store_that_train_takes(disc_folder, tmp_path):
    store = tmp_path / "disc.zarr"
    command = ["physics", "import", str(disc_folder), "--transient", "--fields", "T"]
    assert run([*command, "--out", str(store)]) == 0
    assert len(SeriesStore(store)) == STEPS - 1
    command = ["physics", "train", str(store), "--fields", "T", "--transient"]
    assert run([*command, "--out", str(tmp_path / "run"), *SMALL]) == 0


def test_cases_are_imported_into_a_store_that_train_takes(ring_folder, tmp_path):
    store = tmp_path / "rings.zarr"
    command = ["physics", "import", str(ring_folder), "--fields", "p,U", "--out", str(store)]
    assert run(command) == 0
    assert MeshStore(store).field_names == ("p", "U")
    command = ["physics", "train", str(store), "--fields", "p,U", "--out", str(tmp_path / "run")]
    assert run([*command, *SMALL]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fields", "p"], "expected a field 'p'"),
        (["--fields", "T", "--noise", "-1"], "noise"),
        (["--fields", "T", "--point_share", "0.5"], "--point_share is for cases without time"),
        (["--fields", "T", "--edge_share", "0.5"], "--edge_share is for cases without time"),
    ],
)
def test_mistakes_end_in_one_line(disc_folder, tmp_path, capsys, arguments, message):
    command = ["physics", "train", str(disc_folder), "--transient", "--out", str(tmp_path / "run")]
    assert run([*command, *arguments, *SMALL]) == 2
    assert message in capsys.readouterr().err
