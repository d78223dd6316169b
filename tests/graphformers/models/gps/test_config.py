"""The configuration checks itself, and the presets are the published models."""

from dataclasses import replace

import pytest
import torch

from graphformers.checkpoint import preset_names
from graphformers.configuration import config_from_json, config_to_json
from graphformers.errors import ConfigError
from graphformers.models import GPS, GPSConfig
from graphformers.models.features import NumericFeatures
from graphformers.models.gps import (
    BigBirdConfig,
    EigenvectorConfig,
    ElectrostaticConfig,
    FrequencyTransformerConfig,
    GATConfig,
    GINEConfig,
    GraphormerConfig,
    HeatKernelConfig,
    PerformerConfig,
    PNAConfig,
    RandomWalkConfig,
    SignNetConfig,
    StableConfig,
)
from graphformers.models.outputs import (
    GraphHeadConfig,
    HalvingHeadConfig,
    NodeHeadConfig,
    PairHeadConfig,
    SequenceHeadConfig,
)

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
UNPUBLISHED = {"zinc-sign-net", "zinc-stable", "zinc-graphormer", "malnet-tiny"}
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


@pytest.mark.parametrize("name", [*PARAMETERS, *sorted(UNPUBLISHED)])
def test_configurations_survive_json(name):
    config = getattr(GPSConfig, name.replace("-", "_"))()
    transformer = EigenvectorConfig(count=3, dim=8, network=FrequencyTransformerConfig(heads=2))
    for one in (config, replace(config, sign_net=None, stable=None, eigenvectors=transformer)):
        assert config_from_json(GPSConfig, config_to_json(one)) == one


@pytest.mark.parametrize(
    "change",
    [
        {"local": None},
        {"attention": None},
        {"local": GATConfig()},
        {"local": PNAConfig()},
        {"attention": BigBirdConfig(reach=2, seed=7)},
        {"attention": PerformerConfig(features=9)},
        {"heat_kernel": HeatKernelConfig(times=(0.5, 1.0), dim=4)},
        {"electrostatic": ElectrostaticConfig(dim=4, mlp_layers=2)},
        {"graphormer": GraphormerConfig(distances=None)},
        {"head": PairHeadConfig(layers=2)},
    ],
    ids=str,
)
def test_choices_survive_json(change):
    config = replace(GPSConfig.zinc(), **change)
    assert config_from_json(GPSConfig, config_to_json(config)) == config


@pytest.mark.parametrize("name", ["peptides_func", "cifar10", "cluster", "mnist", "pcqm_contact"])
def test_signs_are_drawn_once_per_batch_only_in_official_presets(name):
    preset = getattr(GPSConfig, name)
    assert preset().eigenvectors.flip_per_graph
    assert not preset(official=True).eigenvectors.flip_per_graph


def test_official_presets_keep_what_published_models_were_trained_with():
    assert GPSConfig.malnet_tiny(official=True).attention.count_padding
    assert not GPSConfig.malnet_tiny().attention.count_padding
    assert GPSConfig.zinc_stable(official=True).stable.normalization == "sym"
    assert GPSConfig.zinc_stable().stable.normalization == "none"
    assert GPSConfig.zinc_graphormer(official=True).graphormer.count_unused_places
    assert not GPSConfig.zinc_graphormer().graphormer.count_unused_places


def test_edges_are_at_most_128_wide_for_pna():
    wide = replace(GPSConfig.zinc(), dim=160, local=PNAConfig())
    assert (wide.edge_dim, replace(wide, dim=64).edge_dim) == (128, 64)
    assert replace(wide, local=GINEConfig()).edge_dim == 160


def test_inputs_that_read_the_same_encoding_ask_for_it_once():
    config = replace(GPSConfig.zinc(), stable=StableConfig(count=4))
    both = replace(config, sign_net=SignNetConfig(count=4, dim=8))
    assert both.encodings == (both.sign_net.encoding, both.random_walk.encoding)


COUNTED = PerformerConfig(count_padding=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 5}, "multiple of heads"),
        ({"layers": -1}, "layers -1"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\)"),
        ({"attention_dropout": -0.1}, r"attention_dropout must lie in \[0, 1\)"),
        ({"layout": "dense"}, "layout must be auto, sparse or padded"),
        ({"activation": "rulu"}, "did you mean 'relu'"),
        ({"eigenvectors": EigenvectorConfig(count=3, dim=64)}, "leave at least one"),
        ({"local": None, "attention": None}, "got neither"),
        ({"stable": StableConfig(count=3), "local": GATConfig()}, "GATConfig"),
        ({"stable": StableConfig(count=3), "local": None}, "NoneType"),
        ({"attention": COUNTED, "layout": "sparse"}, "layout padded; got 'sparse'"),
        ({"graphormer": GraphormerConfig(), "attention": PerformerConfig()}, "PerformerConfig"),
        (
            {"stable": StableConfig(count=3), "sign_net": SignNetConfig(count=4, dim=8)},
            r"'eigenvectors'.*count=4.*count=3",
        ),
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
        lambda: PairHeadConfig(layers=0),
        lambda: SequenceHeadConfig(positions=0, words=4, pool="mean"),
        lambda: SequenceHeadConfig(positions=2, words=4, pool="median"),
        lambda: EigenvectorConfig(count=0, dim=4),
        lambda: RandomWalkConfig(steps=4, dim=0),
        lambda: SignNetConfig(count=4, dim=4, post_layers=0),
        lambda: StableConfig(count=0),
        lambda: HeatKernelConfig(times=(), dim=4),
        lambda: ElectrostaticConfig(dim=0),
        lambda: PerformerConfig(head_dim=1),
        lambda: PerformerConfig(features=0),
        lambda: BigBirdConfig(reach=-1),
        lambda: GraphormerConfig(distances=1),
        lambda: GraphormerConfig(in_degrees=0),
    ],
)
def test_parts_out_of_range_are_refused(build):
    with pytest.raises(ConfigError):
        build()


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'pcqm4m-small'"):
        GPS.preset("pcqm4m-smal")
