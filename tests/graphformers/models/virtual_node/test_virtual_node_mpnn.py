"""Message passing with virtual nodes as a model, and its configuration."""

from dataclasses import replace

import pytest
import torch

from graphformers.checkpoint import preset_names
from graphformers.configuration import config_from_json, config_to_json
from graphformers.encodings import encode
from graphformers.errors import ConfigError, DataError
from graphformers.graph_batch import GraphBatch
from graphformers.models import VirtualNodeMPNN, VirtualNodeMPNNConfig
from graphformers.models.virtual_node import EncodingColumns

FLOAT64 = 1e-12
ZINC = replace(VirtualNodeMPNNConfig.zinc(), layers=2)
PARAMETERS = {"peptides-func": 580_298, "peptides-struct": 580_395, "zinc": 636_389}


@pytest.fixture
def batch() -> GraphBatch:
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.tensor([[0, 1, 2, 1, 4, 5, 6], [1, 0, 1, 2, 5, 4, 5]])
    return encode(
        GraphBatch(
            x=torch.randint(28, (7, 1), generator=generator),
            edge_index=edge_index,
            ptr=torch.tensor([0, 3, 4, 7]),
            edge_attr=torch.randint(4, (7, 1), generator=generator),
        ),
        ZINC.encodings,
    )


def test_the_head_reads_no_virtual_node(batch):
    model = VirtualNodeMPNN(ZINC).eval()
    states = model.node_states(batch)
    assert states.shape == (batch.num_nodes, ZINC.dim)
    pooled = torch.stack([states[:3].sum(0), states[3:4].sum(0), states[4:].sum(0)])
    torch.testing.assert_close(model(batch), model.head.mlp(pooled))


def test_without_local_edges_the_edges_make_no_difference(batch):
    model = VirtualNodeMPNN(replace(ZINC, local_edges=False)).eval()
    bare = replace(batch, edge_index=batch.edge_index[:, :0], edge_attr=None)
    assert torch.equal(model(bare), model(batch))
    assert not any("edge_features" in name for name in model.state_dict())


def test_with_local_edges_they_do(batch):
    model = VirtualNodeMPNN(ZINC).eval()
    bare = replace(batch, edge_index=batch.edge_index[:, :0], edge_attr=batch.edge_attr[:0])
    assert not torch.allclose(model(bare), model(batch))


def test_edges_without_features_are_named(batch):
    with pytest.raises(DataError, match="edge_attr"):
        VirtualNodeMPNN(ZINC)(replace(batch, edge_attr=None))


def test_eigenvectors_and_walks_stand_side_by_side(batch):
    config = replace(ZINC, eigenvectors=EncodingColumns(count=2, dim=5))
    batch, model = encode(batch, config.encodings), VirtualNodeMPNN(config).eval()
    columns = model.embed(batch)
    walks = model.random_walk(batch.encodings["rwse"])
    assert torch.equal(columns[:, -28:], walks)
    assert torch.equal(columns[:, : config.feature_dim], model.node_features(batch.x))
    assert columns.shape == (batch.num_nodes, config.dim)


def test_every_preset_has_a_size():
    assert set(preset_names(VirtualNodeMPNNConfig)) == set(PARAMETERS)


@pytest.mark.parametrize(("name", "expected"), PARAMETERS.items())
def test_presets_keep_their_number_of_parameters(name, expected):
    with torch.device("meta"):
        model = VirtualNodeMPNN.preset(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


def test_configurations_survive_json():
    for config in (ZINC, VirtualNodeMPNNConfig.peptides_func()):
        assert config_from_json(VirtualNodeMPNNConfig, config_to_json(config)) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": -1}, "layers not negative"),
        ({"dim": 0}, "dim must be positive"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\)"),
        ({"activation": "rulu"}, "did you mean 'relu'"),
        ({"eigenvectors": EncodingColumns(count=3, dim=64)}, "leave at least one"),
    ],
)
def test_contradictions_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        replace(ZINC, **change)


def test_an_encoding_without_columns_is_refused():
    with pytest.raises(ConfigError, match="must be positive"):
        EncodingColumns(count=3, dim=0)
