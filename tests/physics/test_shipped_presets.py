"""The YAML files that come with the physics room."""

from pathlib import Path

import pytest
import torch
from jsonargparse import ArgumentParser

from graphformers.physics.cli import COMMANDS
from graphformers.physics.field_system import FIELD_SYSTEMS
from graphformers.physics.models import StaticTask, TransientTask
from graphformers.training import TrainingConfig

TRAIN = COMMANDS[0]
FILES = sorted((TRAIN.presets or Path()).glob("*.yaml"))


def options_of(file):
    parser = ArgumentParser()
    parser.add_argument("--config", action="config")
    TRAIN.add_arguments(parser)
    arguments = ["--config", str(file), "cases", "--fields", "p"]
    return parser.instantiate(parser.parse_args(arguments))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_file_names_its_preset_and_builds_its_model(file):
    options = options_of(file)
    assert file.stem == f"{options.model}-{options.preset}"
    assert isinstance(options.training, TrainingConfig)
    system = FIELD_SYSTEMS[options.model]
    config = system.config(options.preset)
    published = config.task if options.preset != "small" else StaticTask()
    assert isinstance(published, TransientTask) == options.transient
    with torch.device("meta"):
        model = system.build(config)
    assert sum(one.numel() for one in model.parameters()) > 10_000


def test_every_preset_has_a_file():
    expected = {f"{name}-{one}" for name, system in FIELD_SYSTEMS.items() for one in system.presets}
    assert {file.stem for file in FILES} == expected


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("physgto-darcy", {"epochs": 500, "batch_size": 50, "learning_rate": 1e-3}),
        ("physgto-heat-flow", {"epochs": 1000, "weight_decay": 1e-6}),
        ("transolver-shapenet-car", {"epochs": 200, "warmup_epochs": 60}),
        ("volt-volt-b", {"weight_decay": 0.1, "average_decay": 0.999}),
    ],
)
def test_published_training_is_what_a_file_asks_for(name, settings):
    training = options_of(next(file for file in FILES if file.stem == name)).training
    assert {key: getattr(training, key) for key in settings} == settings
