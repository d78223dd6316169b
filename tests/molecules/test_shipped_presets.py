"""The YAML files that come with the molecules room."""

from pathlib import Path

import pytest
import torch
from jsonargparse import ArgumentParser

from graphformers.molecules.architecture import config_for_molecules, molecule_presets
from graphformers.molecules.cli import COMMANDS
from graphformers.molecules.vocabulary import OGB_VOCABULARY
from graphformers.systems import SYSTEMS, find_system
from graphformers.training import TrainingConfig

TRAIN = COMMANDS[0]
FILES = sorted((TRAIN.presets or Path()).glob("*.yaml"))


def options_of(file):
    parser = ArgumentParser()
    parser.add_argument("--config", action="config")
    TRAIN.add_arguments(parser)
    return parser.instantiate(parser.parse_args(["--config", str(file), "table.csv"]))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_file_names_its_preset_and_builds_its_model(file):
    options = options_of(file)
    assert file.stem == f"{options.model}-{options.preset}"
    assert isinstance(options.training, TrainingConfig)
    config = config_for_molecules(options.model, options.preset, OGB_VOCABULARY, 2)
    with torch.device("meta"):
        model = find_system(options.model).build(config)
    assert sum(one.numel() for one in model.parameters()) > 10_000


def test_every_preset_on_molecules_has_a_file():
    expected = {f"{model}-{one}" for model in SYSTEMS for one in molecule_presets(model)}
    assert {file.stem for file in FILES} == expected


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("gps-zinc", {"epochs": 2000, "batch_size": 32, "learning_rate": 1e-3}),
        ("gps-pcqm4m-deep", {"schedule": "linear", "weight_decay": 0.0}),
        ("grit-zinc-full", {"batch_size": 256, "warmup_epochs": 50}),
        ("ppgt-zinc", {"learning_rate": 2e-3, "final_learning_rate": 7e-5}),
        ("gt-zinc", {"schedule": "plateau", "final_learning_rate": 1e-6}),
    ],
)
def test_published_training_is_what_a_file_asks_for(name, settings):
    training = options_of(next(file for file in FILES if file.stem == name)).training
    assert {key: getattr(training, key) for key in settings} == settings
    assert training.average_decay == 0.0
