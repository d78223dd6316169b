"""The configuration checks itself, and the presets are the published models."""

from dataclasses import replace

import pytest
import torch

from graphformers.checkpoint import preset_names
from graphformers.configuration import config_from_json, config_to_json
from graphformers.errors import ConfigError
from graphformers.models import GPS, GPSConfig
from graphformers.models.features import NumericFeatures
from graphformers.models.gps import EigenvectorConfig, FrequencyTransformerConfig
from graphformers.models.outputs import GraphHeadConfig, HalvingHeadConfig, NodeHeadConfig

PARAMETERS = {
    "zinc": 423_717,
    "pcqm4m-small": 6_152_001,
    "pcqm4m-medium": 19_414_641,
    "pcqm4m-deep": 13_807_345,
    "peptides-func": 504_362,
    "peptides-struct": 504_459,
    "molhiv": 558_625,
    "molpcba": 9_744_496,
    "ppa": 3_434_533,
    "code2": 12_454_066,
    "cifar10": 112_726,
    "mnist": 115_394,
    "cluster": 502_054,
    "pattern": 337_201,
    "pcqm-contact": 512_704,
    "voc-superpixels": 510_453,
    "coco-superpixels": 516_273,
}
UNPUBLISHED = {"zinc-sign-net", "zinc-stable", "malnet-tiny"}
# that of MalNet-Tiny is of a model without encoding: a linear map without bias, then BatchNorm
MALNET_TINY_WITHOUT_ENCODING = 527_237


def test_every_preset_is_compared_with_its_published_size():
    assert set(preset_names(GPSConfig)) == set(PARAMETERS) | UNPUBLISHED


def test_malnet_tiny_has_the_published_size_but_for_its_inputs():
    parameters = sum(one.numel() for one in GPS.preset("malnet-tiny").parameters())
    eigenvectors, features = 2 * 32 + 32 + 32 * 16 + 16, 5 * 48 + 48
    without = parameters - eigenvectors - features + 5 * 64 + 2 * 64
    assert without == MALNET_TINY_WITHOUT_ENCODING


@pytest.mark.parametrize(("name", "published"), PARAMETERS.items())
def test_presets_have_the_published_number_of_parameters(name, published):
    with torch.device("meta"):
        model = GPS.preset(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == published


@pytest.mark.parametrize("name", PARAMETERS)
def test_configurations_survive_json(name):
    config = GPS.config_class.__dict__[name.replace("-", "_")].__get__(None, GPSConfig)()
    transformer = EigenvectorConfig(count=3, dim=8, network=FrequencyTransformerConfig(heads=2))
    for one in (config, replace(config, eigenvectors=transformer)):
        assert config_from_json(GPSConfig, config_to_json(one)) == one


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 5}, "multiple of heads"),
        ({"layers": -1}, "layers -1"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\)"),
        ({"attention_dropout": -0.1}, r"attention_dropout must lie in \[0, 1\)"),
        ({"layout": "dense"}, "layout must be sparse or padded"),
        ({"activation": "rulu"}, "did you mean 'relu'"),
        ({"eigenvectors": EigenvectorConfig(count=3, dim=64)}, "leave at least one"),
    ],
)
def test_contradictions_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        replace(GPSConfig.zinc(), **change)


@pytest.mark.parametrize(
    "build",
    [
        lambda: HalvingHeadConfig(out=0, pool="sum"),
        lambda: HalvingHeadConfig(out=1, pool="median"),
        lambda: GraphHeadConfig(out=1, pool="sum", layers=0),
        lambda: NodeHeadConfig(out=-1),
        lambda: NumericFeatures(count=0),
    ],
)
def test_heads_and_features_out_of_range_are_refused(build):
    with pytest.raises(ConfigError):
        build()


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'pcqm4m-small'"):
        GPS.preset("pcqm4m-smal")
