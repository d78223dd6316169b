"""Model folders: what they hold, and how damage is reported."""

import json
from dataclasses import dataclass, field

import pytest
import torch
from torch import nn

from graphformers.checkpoint import ModelFile, PretrainedModel, preset_names
from graphformers.configuration import config_from_json, config_to_json
from graphformers.errors import ConfigError, ModelFileError


@dataclass(frozen=True, kw_only=True)
class Small:
    width: int = 2


@dataclass(frozen=True, kw_only=True)
class Large:
    width: int = 200


@dataclass(frozen=True, kw_only=True)
class LinearConfig:
    dim: int = 3
    encoder: Small | Large | None = None
    parts: tuple[Small | Large, ...] = ()
    sizes: tuple[int, ...] = (1, 2)
    names: dict[str, int] = field(default_factory=dict)

    @classmethod
    def tiny_model(cls) -> "LinearConfig":
        return cls(dim=1)


class LinearModel(PretrainedModel):
    config_class = LinearConfig

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.linear = nn.Linear(config.dim, 2)


FULL = LinearConfig(dim=4, encoder=Large(), parts=(Small(width=7), Large()), names={"a": 1})


def test_configuration_survives_json():
    document = json.loads(json.dumps(config_to_json(FULL)))
    assert config_from_json(LinearConfig, document) == FULL


def test_unknown_field_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match="no field 'dims'; did you mean 'dim'"):
        config_from_json(LinearConfig, {"dims": 3})


def test_saved_model_loads_to_the_same_bits(tmp_path):
    model = LinearModel(FULL)
    model.save_pretrained(tmp_path)
    loaded = LinearModel.from_pretrained(tmp_path)
    assert loaded.config == FULL
    assert not loaded.training
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)


def test_preset_names_are_the_class_methods():
    assert preset_names(LinearConfig) == ["tiny-model"]
    assert LinearModel.preset("tiny-model").config.dim == 1
    with pytest.raises(ConfigError, match="did you mean 'tiny-model'"):
        LinearModel.preset("tiny")


def change_document(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_newer_format_asks_for_an_upgrade(tmp_path):
    LinearModel(FULL).save_pretrained(tmp_path)
    change_document(tmp_path, format_version=999)
    with pytest.raises(ModelFileError, match=r"format version 999.*upgrade"):
        LinearModel.from_pretrained(tmp_path)


def test_another_kind_of_model_is_refused(tmp_path):
    LinearModel(FULL).save_pretrained(tmp_path)
    change_document(tmp_path, kind="GPS")
    with pytest.raises(ModelFileError, match="expected a LinearModel; the folder holds a GPS"):
        LinearModel.from_pretrained(tmp_path)


def test_truncated_weights_are_reported(tmp_path):
    LinearModel(FULL).save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(ModelFileError, match=r"model\.safetensors cannot be read"):
        LinearModel.from_pretrained(tmp_path)


def test_files_of_different_saves_are_not_mixed(tmp_path):
    LinearModel(FULL).save_pretrained(tmp_path)
    config = (tmp_path / "config.json").read_text()
    LinearModel(FULL).save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(ModelFileError, match="different saves"):
        LinearModel.from_pretrained(tmp_path)


def test_a_folder_without_a_model_says_so(tmp_path):
    with pytest.raises(ModelFileError, match="not a model folder"):
        LinearModel.from_pretrained(tmp_path)


def test_interrupted_save_keeps_the_previous_model(tmp_path, monkeypatch):
    model = LinearModel(FULL)
    model.save_pretrained(tmp_path)

    def interrupted(*arguments, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        LinearModel(FULL).save_pretrained(tmp_path)
    monkeypatch.undo()
    loaded = LinearModel.from_pretrained(tmp_path)
    assert torch.equal(loaded.linear.weight, model.linear.weight)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.json", "model.safetensors"]


def test_sections_of_an_estimator_come_back(tmp_path):
    file = LinearModel(FULL).model_file({"target_scaling": {"mean": [1.5]}})
    file.write(tmp_path)
    read = ModelFile.read(tmp_path)
    assert read.section("target_scaling") == {"mean": [1.5]}
    with pytest.raises(ModelFileError, match="without 'vocabulary'"):
        read.section("vocabulary")
