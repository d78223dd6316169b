"""The configuration checks itself, and the presets are those of the paper."""

from dataclasses import replace

import pytest
import torch

from graphformers.checkpoint import preset_names
from graphformers.configuration import config_from_json, config_to_json
from graphformers.encodings import RelativeRandomWalk
from graphformers.errors import ConfigError
from graphformers.models import PPGT, PPGTConfig
from graphformers.models.ppgt import GELUGraphHeadConfig, GELUNodeHeadConfig, PairConfig

PARAMETERS = {
    "zinc": 493_185,
    "pcqm4m": 86_825_761,
    "peptides-func": 509_346,
    "peptides-struct": 488_123,
    "pattern": 495_490,
    "cluster": 495_678,
    "cifar10": 108_218,
    "brec": 874_288,
}


def preset(name: str, **arguments: bool) -> PPGTConfig:
    return getattr(PPGTConfig, name.replace("-", "_"))(**arguments)


def test_every_preset_has_a_known_size():
    assert set(preset_names(PPGTConfig)) == set(PARAMETERS)


@pytest.mark.parametrize(("name", "counted"), PARAMETERS.items())
def test_presets_keep_their_number_of_parameters(name, counted):
    with torch.device("meta"):
        model = PPGT.preset(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == counted


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_released_form_differs_in_the_scale_of_the_dot_product_only(name):
    paper, released = preset(name), preset(name, official=True)
    assert paper.scale_dot
    assert released == replace(paper, scale_dot=False)


@pytest.mark.parametrize("name", PARAMETERS)
def test_configurations_survive_json(name):
    config = replace(preset(name), hops=3)
    assert config_from_json(PPGTConfig, config_to_json(config)) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 5}, "multiple of heads"),
        ({"layers": -1}, "layers -1"),
        ({"ratio": 0}, "ratio 0"),
        ({"coordinates": -1}, "coordinates -1"),
        ({"hops": 0}, "hops must be at least 1"),
        ({"drop_path": 1.0}, r"drop_path must lie in \[0, 1\)"),
        ({"attention_dropout": -0.1}, r"attention_dropout must lie in \[0, 1\)"),
        ({"walk": RelativeRandomWalk(steps=3, identity=False)}, "identity=True"),
    ],
)
def test_contradictions_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        replace(PPGTConfig.zinc(), **change)


@pytest.mark.parametrize(
    "build",
    [
        lambda: PairConfig(dim=0),
        lambda: PairConfig(dim=8, octaves=-1),
        lambda: GELUGraphHeadConfig(out=0, pool="sum"),
        lambda: GELUGraphHeadConfig(out=1, pool="median"),
        lambda: GELUNodeHeadConfig(out=1, layers=0),
        lambda: GELUNodeHeadConfig(out=1, dropout=1.0),
    ],
)
def test_parts_out_of_range_are_refused(build):
    with pytest.raises(ConfigError):
        build()
