"""The configuration checks itself, and the presets are the published models."""

from dataclasses import replace

import pytest
import torch

from graphformers.checkpoint import preset_names
from graphformers.configuration import config_from_json, config_to_json
from graphformers.encodings import RelativeRandomWalk
from graphformers.errors import ConfigError
from graphformers.models import GRIT, GRITConfig
from graphformers.models.features import NumericFeatures

PARAMETERS = {
    "zinc": 473_473,
    "zinc-full": 473_921,
    "peptides-func": 443_338,
    "peptides-struct": 438_827,
    "cifar10": 99_486,
    "mnist": 102_138,
    "cluster": 431_670,
    "pattern": 477_953,
    "pcqm4m": 11_832_065,
}
PEPTIDES_STRUCT_AS_RELEASED = 449_483


def parameters(config: GRITConfig) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in GRIT(config).parameters())


def preset(name: str) -> GRITConfig:
    return getattr(GRITConfig, name.replace("-", "_"))()


def test_every_preset_is_compared_with_its_published_size():
    assert set(preset_names(GRITConfig)) == set(PARAMETERS)


@pytest.mark.parametrize(("name", "published"), PARAMETERS.items())
def test_presets_have_the_published_number_of_parameters(name, published):
    assert parameters(preset(name)) == published


def test_peptides_struct_has_a_size_as_published_and_one_as_released():
    released = GRITConfig.peptides_struct(official=True)
    assert parameters(released) == PEPTIDES_STRUCT_AS_RELEASED
    assert (released.walk_channels, released.head.layers) == (24, 2)


@pytest.mark.parametrize("name", PARAMETERS)
def test_configurations_survive_json(name):
    config = preset(name)
    for one in (config, replace(config, hops=3, clamp=4.0, degree_scaler=False)):
        assert config_from_json(GRITConfig, config_to_json(one)) == one


def test_the_published_number_of_walk_channels_counts_the_identity():
    (encoding,) = GRITConfig.zinc().pair_encodings
    assert encoding == RelativeRandomWalk(steps=20)
    assert encoding.channels == GRITConfig.zinc().walk_channels == 21
    assert GRITConfig.zinc().encodings == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 5}, "multiple of heads; got dim 64, heads 5"),
        ({"heads": 0}, "heads 0"),
        ({"dim": 0}, "dim 0"),
        ({"layers": -1}, "layers -1"),
        ({"walk_channels": 1}, "at least 2; got 1"),
        ({"hops": 0}, "hops must be at least 1, or None for all pairs; got 0"),
        ({"clamp": 0.0}, "clamp must be above 0; got 0.0"),
        ({"clamp": float("nan")}, "clamp must be above 0; got nan"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\); got 1.0"),
        ({"attention_dropout": -0.1}, r"attention_dropout must lie in \[0, 1\); got -0.1"),
        ({"activation": "rulu"}, "did you mean 'relu'"),
    ],
)
def test_contradictions_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        replace(GRITConfig.zinc(), **change)


def test_numbers_without_columns_are_refused():
    with pytest.raises(ConfigError, match="at least one column; got 0"):
        NumericFeatures(count=0)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'peptides-func'"):
        GRIT.preset("peptides-funk")
