"""From a fitted predictor and one SMILES to numbers, tables and pictures."""

import csv
import io

import numpy as np
import pytest
import torch
from matplotlib.image import imread

from graphformers.cli.command import MISTAKE
from graphformers.cli.main import run
from graphformers.errors import ConfigError, DataError
from graphformers.explain.model_input import changed_input
from graphformers.molecules import PropertyPredictor
from graphformers.molecules.explanation import explain_molecule
from graphformers.molecules.explanation_folder import write_explanation
from graphformers.training import TrainingConfig

CHAINS = ["C" * length + end for length in range(1, 9) for end in ("", "O", "N")]
TARGETS = np.array([[one.count("C"), -10.0 * one.count("O")] for one in CHAINS])
SMILES = "CC(=O)N"
ROUNDING = 1e-4


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    predictor = PropertyPredictor(
        validation_split="random",
        training=TrainingConfig(epochs=2, batch_size=8, warmup_epochs=1.0, threads=1),
        cache_folder=tmp_path_factory.mktemp("cache"),
    )
    return predictor.fit(CHAINS, TARGETS)


@pytest.fixture(scope="module")
def explanation(predictor):
    return explain_molecule(predictor, SMILES, task=1)


def test_it_explains_the_prediction_of_the_target_asked_for(predictor, explanation):
    assert explanation.target == "target 2"
    assert explanation.prediction == predictor.predict([SMILES])[0, 1]
    np.testing.assert_array_equal(
        explanation.contributions, predictor.contributions([SMILES], 1)[0]
    )


def test_occlusions_are_changes_in_the_units_of_the_target(predictor, explanation):
    graph, model = predictor.graph(SMILES), predictor.model_

    def hide(embedded):
        return embedded.index_fill(0, torch.tensor([2]), 0.0)

    with torch.no_grad(), changed_input(model, hide):
        hidden = predictor.scaling_.restore(model(graph).double().numpy())[0, 1]
    expected = explanation.prediction - hidden
    assert explanation.occlusions[2] == pytest.approx(expected, rel=ROUNDING)


def test_every_head_looks_from_every_atom_at_all_atoms(predictor, explanation):
    config = predictor.model_.config
    assert list(explanation.attention) == [
        f"blocks.{block}.attention" for block in range(config.layers)
    ]
    for matrices in explanation.attention.values():
        assert matrices.shape == (config.heads, 4, 4)
        np.testing.assert_allclose(matrices.sum(axis=2), 1.0, atol=ROUNDING)


def test_files_hold_a_row_for_every_atom_and_head(predictor, explanation, tmp_path):
    pictures = write_explanation(explanation, tmp_path)
    atoms = list(csv.DictReader((tmp_path / "atoms.csv").open()))
    assert [row["symbol"] for row in atoms] == ["C", "C", "O", "N"]
    given = [float(row["contribution"]) for row in atoms]
    np.testing.assert_allclose(given, explanation.contributions)
    config = predictor.model_.config
    heads = list(csv.DictReader((tmp_path / "heads.csv").open()))
    assert len(heads) == config.layers * config.heads
    assert max(float(row["deviation"]) for row in heads) > 0
    assert len(pictures) == 1 + config.layers
    for path in pictures:
        assert imread(io.BytesIO(path.read_bytes()), format="png").std() > 0


def test_the_command_leaves_the_files(predictor, tmp_path):
    predictor.save(tmp_path / "run")
    folder = tmp_path / "explained"
    assert run(["molecules", "explain", str(tmp_path / "run"), "CO", "-o", str(folder)]) == 0
    assert (folder / "atoms.csv").is_file()
    assert (folder / "pictures" / "contributions.png").is_file()


def test_mistakes_are_named(predictor, tmp_path, capsys):
    with pytest.raises(DataError, match="usable molecule"):
        explain_molecule(predictor, "not a molecule")
    with pytest.raises(ConfigError, match=r"predicts \['target 1', 'target 2'\]; got number 2"):
        explain_molecule(predictor, SMILES, task=2)
    predictor.save(tmp_path)
    assert run(["molecules", "explain", str(tmp_path), "xx"]) == MISTAKE
    assert "usable molecule" in capsys.readouterr().err
