"""The configuration checks itself, and the preset is the published model."""

from dataclasses import replace

import pytest
import torch

from graphformers.checkpoint import preset_names
from graphformers.configuration import config_from_json, config_to_json
from graphformers.errors import ConfigError
from graphformers.models import GraphTransformer, GraphTransformerConfig
from graphformers.models.graph_transformer import NodeColourConfig

PARAMETERS = {"zinc": 588_929}


def test_every_preset_has_a_size():
    assert set(preset_names(GraphTransformerConfig)) == set(PARAMETERS)


@pytest.mark.parametrize(("name", "expected"), PARAMETERS.items())
def test_presets_have_the_number_of_parameters_their_equations_say(name, expected):
    with torch.device("meta"):
        model = GraphTransformer.preset(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


def test_what_the_paper_does_not_say_is_asked_for():
    plain, official = GraphTransformerConfig.zinc(), GraphTransformerConfig.zinc(official=True)
    assert (plain.softmax_epsilon, official.softmax_epsilon) == (0.0, 1e-6)
    assert plain.eigenvectors.flip_per_graph
    assert not official.eigenvectors.flip_per_graph
    assert replace(official, softmax_epsilon=0.0, eigenvectors=plain.eigenvectors) == plain


def test_the_first_eigenvector_is_left_out():
    (encoding,) = GraphTransformerConfig.zinc().encodings
    assert (encoding.count, encoding.normalization, encoding.drop_first) == (8, "in_degree", True)


@pytest.mark.parametrize("official", [True, False])
def test_configurations_survive_json(official):
    config = replace(GraphTransformerConfig.zinc(official=official), colours=NodeColourConfig())
    assert config_from_json(GraphTransformerConfig, config_to_json(config)) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 5}, "multiple of heads"),
        ({"layers": -1}, "layers -1"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\)"),
        ({"input_dropout": -0.1}, r"input_dropout must lie in \[0, 1\)"),
        ({"clamp": 0.0}, "clamp must be above 0"),
        ({"softmax_epsilon": -1.0}, "softmax_epsilon not below"),
    ],
)
def test_contradictions_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        replace(GraphTransformerConfig.zinc(), **change)
