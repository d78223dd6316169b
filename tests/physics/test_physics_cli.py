"""The commands a user types, from files to files."""

import json

import pytest
import pyvista as pv

from graphformers.cli.main import run
from graphformers.training import RunFolder

SMALL = [
    *("--architecture.dim", "16", "--architecture.hidden", "16", "--architecture.blocks", "1"),
    *("--architecture.tokens", "4", "--training.epochs", "2", "--training.batch_size", "2"),
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("meshes")


@pytest.fixture(autouse=True)
def _own_cache(cache, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(cache))


@pytest.fixture
def trained(ring_folder, cache):
    """A run made once and only read by the tests."""
    folder = cache / "run"
    if not folder.exists():
        command = ["physics", "train", str(ring_folder), "--fields", "p,U", "--out", str(folder)]
        assert run([*command, *SMALL]) == 0
    return folder


def test_train_leaves_model_metrics_pictures_and_report(trained):
    expected = {
        *("model.safetensors", "config.json", "metrics.json", "metrics.csv"),
        *("history.csv", "report.html", "resume.ckpt"),
    }
    assert expected <= {one.name for one in trained.iterdir()}
    assert {"p.png", "U.png", "wall_pressure.png"} <= {
        one.name for one in (trained / "pictures").iterdir()
    }
    rows = RunFolder(trained).read_metrics()
    assert [(row["part"], row["method"]) for row in rows] == [
        (part, method)
        for part in ("validation", "test")
        for method in ("physgto", "nearest case", "mean")
    ]
    assert all(row["p/relative_l2"] > 0 for row in rows if row["method"] != "nearest case")
    report = (trained / "report.html").read_text()
    assert "Lift coefficient" in report
    assert "data:image/png" in report


def test_predict_evaluate_and_view_use_what_train_left(trained, ring_folder, tmp_path, capsys):
    predicted = tmp_path / "predicted.vtu"
    mesh = str(ring_folder / "05.vtu")
    assert run(["physics", "predict", str(trained), mesh, "-o", str(predicted)]) == 0
    assert {"p", "p_truth", "p_error", "U"} <= set(pv.read(predicted).point_data.keys())

    figures = tmp_path / "figures"
    command = ["physics", "evaluate", str(trained), str(ring_folder), "--part", "test"]
    assert run([*command, "-o", str(figures)]) == 0
    (row,) = RunFolder(figures).read_metrics()
    trained_row = RunFolder(trained).read_metrics()[3]
    assert row["p/rms"] == pytest.approx(trained_row["p/rms"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("relative_l2", "lift", "pressure_drag", "correlation"))
    pictures = {one.name for one in (figures / "pictures").iterdir()}
    assert pictures == {"forces.png", "p_by_distance.png", "U_by_distance.png"}

    picture = tmp_path / "p.png"
    command = ["physics", "view", str(predicted), "--field", "p", "--screenshot", str(picture)]
    assert run(command) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    command = ["physics", "view", str(predicted), "--field", "p", "--kinds", "comparison,distance"]
    assert run([*command, "--out", str(tmp_path / "several")]) == 0
    written = {one.name for one in (tmp_path / "several").iterdir()}
    assert written == {"p_comparison.png", "p_distance.png"}


def test_parameters_can_be_given_for_a_mesh_without_any(trained, ring_mesh, tmp_path):
    bare = ring_mesh()
    bare.field_data.clear()
    bare.save(tmp_path / "bare.vtu")
    command = ["physics", "predict", str(trained), str(tmp_path / "bare.vtu")]
    output = ["-o", str(tmp_path / "out.vtu")]
    assert run([*command, *output]) != 0
    given = ["--given", "angle_of_attack_deg=3,reynolds=1e5"]
    assert run([*command, *given, *output]) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--fields", "p,T"], "expected a field 'T'"),
        (["--fields", ","], "name the fields to learn"),
        (["--architecture.dim", "15"], "dim must be"),
    ],
)
def test_mistakes_end_in_one_line(changes, message, ring_folder, tmp_path, capsys):
    command = ["physics", "train", str(ring_folder), "--fields", "p", "--out", str(tmp_path / "r")]
    assert run([*command, *SMALL, *changes]) == 2
    assert message in capsys.readouterr().err


def test_a_given_parameter_without_a_number_is_refused(trained, ring_folder, capsys):
    mesh = str(ring_folder / "05.vtu")
    assert run(["physics", "predict", str(trained), mesh, "--given", "reynolds"]) == 2
    assert "name=number" in capsys.readouterr().err


def test_the_shipped_preset_is_found_by_name(ring_folder, tmp_path):
    folder = tmp_path / "run"
    command = ["physics", "train", str(ring_folder), "--fields", "U", "--out", str(folder)]
    assert run([*command, "--config", "physgto-small", *SMALL]) == 0
    config = json.loads((folder / "config.json").read_text())["config"]
    assert config["dim"] == 16
    assert config["heads"] == 4


def test_a_preset_nobody_has_is_refused_with_the_nearest(ring_folder, capsys):
    command = ["physics", "train", str(ring_folder), "--fields", "p", "--config", "transolvr-small"]
    assert run(command) == 2
    message = "no file and no preset 'transolvr-small'; did you mean 'transolver-small'?"
    assert message in capsys.readouterr().err
