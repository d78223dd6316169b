"""Fields that a model is given: from the files to a prediction."""

import dataclasses
import warnings

import numpy as np
import pytest
import torch

from graphformers.cli.main import run
from graphformers.errors import ConfigError, DataError
from graphformers.physics import MeshStore, Surrogate, SurrogateConfig, read_cases
from graphformers.physics.baselines import NearestCase
from graphformers.physics.field_system import find_field_system
from graphformers.physics.mesh_file import open_mesh
from graphformers.physics.models import TransolverConfig
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.series_import import import_series
from graphformers.physics.training_range import OutsideTrainingRangeWarning
from graphformers.training import RunFolder, TrainingConfig

READ = ReadOptions(fields=("y",), inputs=("x",))
GRID = 12  # points along a side


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def grids(tmp_path):
    """Files in which the function asked for is twice the one given: to train on and to judge."""
    paths = []
    for part, count in (("train", 6), ("test", 2)):
        generator = torch.Generator().manual_seed(count)
        x = torch.randn(count, 1, 1, generator=generator).expand(count, GRID, GRID)
        x = x + 0.1 * torch.randn(count, GRID, GRID, generator=generator)
        paths.append(tmp_path / f"double_{part}_{GRID}.pt")
        torch.save({"x": x, "y": 2 * x}, paths[-1])
    return paths


def training(epochs):
    return TrainingConfig(epochs=epochs, batch_size=2, learning_rate=1e-2, warmup_epochs=0)


def tiny(**changes):
    architecture = TransolverConfig(dim=16, heads=2, slices=2, blocks=1)
    return SurrogateConfig(
        architecture=architecture, training=training(60), point_share=1.0, **changes
    )


@pytest.fixture
def fitted(grids):
    return Surrogate("transolver", tiny()).fit(grids[:1], ("y",), inputs=("x",))


def test_what_is_given_at_a_point_decides_what_is_predicted_there(fitted, grids):
    cases = read_cases(grids[0], READ)
    error = [np.abs(fitted.predict_fields(one)["y"] - one.fields["y"]).mean() for one in cases]
    assert np.mean(error) < 0.2 * np.std([one.fields["y"] for one in cases])


def test_a_loaded_surrogate_knows_its_inputs(fitted, grids, tmp_path):
    fitted.save(tmp_path / "run")
    loaded = Surrogate.load(tmp_path / "run")
    assert loaded.read_options.inputs == ("x",)
    (case, *_) = read_cases(grids[1], loaded.read_options)
    expected = fitted.predict_fields(case)["y"]
    np.testing.assert_array_equal(loaded.predict_fields(case)["y"], expected)


def test_a_mesh_without_the_inputs_is_refused(fitted, grids):
    (case, *_) = read_cases(grids[1], READ)
    with pytest.raises(DataError, match=r"is given x; .* has none"):
        fitted.predict(dataclasses.replace(case, inputs={}))
    without = case.dataset.copy()
    del without.point_data["x"]
    with pytest.raises(DataError, match="expected a field 'x'"):
        fitted.predict(without)


def test_a_store_of_other_inputs_is_refused(grids, tmp_path):
    store = MeshStore.import_cases(grids[:1], READ, folder=tmp_path)
    assert store.feature_names[-1] == "x"
    with pytest.raises(DataError, match="holds the inputs x; import the cases again with none"):
        Surrogate("transolver", tiny()).fit(store, ("y",))


def test_cases_given_other_things_do_not_go_together(grids, tmp_path):
    first, second, *_ = read_cases(grids[0], READ)
    cases = [first, dataclasses.replace(second, inputs={})]
    with pytest.raises(DataError, match=r"every case must be given .*x, as 'double_"):
        MeshStore.write(cases, tmp_path / "store.zarr", fields=["y"])


def test_nothing_can_be_given_and_learned():
    with pytest.raises(ConfigError, match="'p' cannot be given and be learned too"):
        ReadOptions(fields=("p", "U"), inputs=("p",))


def test_mirror_images_are_left_alone(grids):
    with pytest.raises(ConfigError, match="these have x, y"):
        Surrogate("transolver", tiny(mirror=True)).fit(grids[:1], ("y",), inputs=("x",))


def test_the_nearest_case_is_the_one_that_is_given_the_nearest_function(grids, tmp_path):
    store = MeshStore.import_cases(grids[:1], READ, folder=tmp_path)
    cases = read_cases(grids[0], READ)
    nearest = NearestCase(store, range(len(cases)))
    for number, case in enumerate(cases):
        slightly = {"x": case.inputs["x"] + 1e-3}
        assert nearest.nearest(dataclasses.replace(case, inputs=slightly)) == number


@pytest.mark.parametrize("model", ["vitno", "fano"])
def test_patch_operators_learn_grids_from_the_command_line(grids, tmp_path, model):
    system = find_field_system(model)
    assert system.point_share == 1.0
    folder = tmp_path / "run"
    words = ["physics", "train", *map(str, grids), "--inputs", "x", "--fields", "y"]
    words += ["--model", model, "--training.epochs", "3", "--training.batch_size", "2"]
    assert run([*words, "--architecture.dim", "8", "--out", str(folder)]) == 0
    rows = RunFolder(folder).read_metrics()
    assert {row["part"] for row in rows} == {"validation", "test"}
    assert {row["cases"] for row in rows if row["part"] == "test"} == {2}

    (case, *_) = read_cases(grids[1], READ)
    mesh, out = tmp_path / "grid.vtu", tmp_path / "predicted.vtu"
    case.dataset.save(mesh)
    assert run(["physics", "predict", str(folder), str(mesh), "-o", str(out)]) == 0
    assert open_mesh(out, ("y",)).point_data["y"].shape == (GRID * GRID,)


def test_series_take_no_inputs(grids, tmp_path, capsys):
    with pytest.raises(ConfigError, match="name x among the fields"):
        import_series(grids, READ)
    words = ["physics", "train", str(grids[0]), "--inputs", "x", "--fields", "y", "--transient"]
    assert run([*words, "--out", str(tmp_path / "run")]) != 0
    assert "name x among the fields" in capsys.readouterr().err


def test_an_input_far_outside_of_what_was_learned_is_said_to_be_outside(fitted, grids):
    case = read_cases(grids[1], READ)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error", OutsideTrainingRangeWarning)
        fitted.predict(case)
    far = dataclasses.replace(case, inputs={"x": case.inputs["x"] + 100})
    with pytest.warns(OutsideTrainingRangeWarning, match="its x is 10"):
        fitted.predict(far)


def test_a_loaded_surrogate_knows_the_range_of_its_inputs(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    assert fitted.range_.inputs["x"][0] < 0 < fitted.range_.inputs["x"][1]
    assert Surrogate.load(tmp_path / "model").range_ == fitted.range_
