"""Weights in the authors' layout: the same function, and clear errors."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from graphformers.encodings import encode
from graphformers.errors import ModelFileError
from graphformers.graph_batch import GraphBatch
from graphformers.models.gps import GPS, EigenvectorConfig, GPSConfig

GOLDEN = Path(__file__).parents[1] / "golden" / "gps_zinc"
FLOAT32 = 1e-5  # of the largest entry, as the golden's own notes say
FLOAT64 = 1e-10
PRESETS = [
    "zinc",
    "molhiv",
    "pcqm4m_small",
    "pcqm4m_deep",
    "peptides_func",
    "molpcba",
    "cifar10",
    "mnist",
    "cluster",
    "pattern",
]
ATOM_TABLES = "encoder.node_encoder.encoder1.atom_embedding_list"


def shallow(preset: str) -> GPSConfig:
    return replace(getattr(GPSConfig, preset)(), layers=2)


def assert_near(actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    assert (actual - expected).abs().max() <= tolerance * expected.abs().max()


@pytest.fixture(scope="module")
def golden() -> dict[str, dict[str, torch.Tensor]]:
    names = ("inputs", "outputs", "weights", "intermediate")
    return {name: load_file(GOLDEN / f"{name}.safetensors") for name in names}


@pytest.fixture
def golden_batch(golden) -> GraphBatch:
    inputs = golden["inputs"]
    return GraphBatch(
        x=inputs["x"],
        edge_index=inputs["edge_index"],
        ptr=inputs["ptr"],
        edge_attr=inputs["edge_attr"],
        encodings={"rwse": inputs["pestat_RWSE"]},
    )


@pytest.mark.parametrize("layout", ["padded", "sparse"])
def test_every_layer_computes_what_the_authors_do(golden, golden_batch, layout):
    model = GPS.from_official(golden["weights"], replace(GPSConfig.zinc(), layout=layout))
    expected = golden["intermediate"]
    x, edge = model.embed(golden_batch)
    assert_near(x, expected["encoder.x"], FLOAT32)
    assert_near(edge, expected["encoder.edge_attr"], FLOAT32)
    graphs = model.attention_layout(golden_batch)
    for number, block in enumerate(model.blocks):
        x, edge = block(x, edge, golden_batch.edges, graphs)
        assert_near(x, expected[f"layers.{number}.x"], FLOAT32)
        assert_near(edge, expected[f"layers.{number}.edge_attr"], FLOAT32)
    assert_near(model(golden_batch), golden["outputs"]["output"], FLOAT32)


def test_the_random_walk_encoding_is_the_authors(golden, golden_batch):
    bare = replace(golden_batch, encodings={})
    encoded = encode(bare, GPSConfig.zinc().encodings)
    assert_near(encoded.encodings["rwse"], golden["inputs"]["pestat_RWSE"], FLOAT32)


@pytest.mark.parametrize("layout", ["padded", "sparse"])
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_compute_the_published_equations(
    preset, layout, weights_for, authors, random_batch
):
    config = replace(shallow(preset), layout=layout)
    weights, batch = weights_for(config), random_batch(config)
    model = GPS(config).double()
    model.load_state_dict(GPS.from_official(weights, config).state_dict())
    # from_official fills a float32 model; the comparison is made in float64 on the same numbers
    rounded = {
        name: value.float().double() if value.is_floating_point() else value
        for name, value in weights.items()
    }
    assert_near(model.eval()(batch), authors(rounded, config)(batch), FLOAT64)


def test_the_training_framework_s_prefix_may_stay(weights_for):
    config = shallow("molhiv")
    weights = weights_for(config)
    prefixed = {f"model.{name}": value for name, value in weights.items()}
    plain, other = (GPS.from_official(one, config).state_dict() for one in (weights, prefixed))
    assert all(torch.equal(plain[name], other[name]) for name in plain)


def test_five_chirality_rows_lose_their_last(weights_for):
    config = shallow("molhiv")
    expected = GPS.from_official(weights_for(config), config).state_dict()
    longer = weights_for(config)
    table = longer[f"{ATOM_TABLES}.1.weight"]
    longer[f"{ATOM_TABLES}.1.weight"] = torch.cat([table, torch.ones_like(table[:1])])
    actual = GPS.from_official(longer, config).state_dict()
    assert torch.equal(actual["node_features.tables"], expected["node_features.tables"])


def test_a_slot_for_unknown_categories_starts_at_zero(weights_for):
    config = shallow("molhiv")
    weights = weights_for(config)
    sizes = (119, 5, *config.nodes.sizes[2:])
    wider = replace(config, nodes=replace(config.nodes, sizes=sizes))
    tables = GPS.from_official(weights, wider).node_features.tables
    assert torch.equal(tables[119:123], weights[f"{ATOM_TABLES}.1.weight"].float())
    assert tables[123].abs().max() == 0


def test_missing_and_unknown_weights_are_named(weights_for):
    config = shallow("molhiv")
    weights = weights_for(config)
    weights["layers.9.surplus"] = weights.pop("layers.1.local_model.C.bias")
    expected = r"missing: layers\.1\.local_model\.C\.bias; unknown: layers\.9\.surplus"
    with pytest.raises(ModelFileError, match=expected):
        GPS.from_official(weights, config)


def test_weights_of_another_width_are_refused(weights_for):
    config = shallow("molhiv")
    with pytest.raises(ModelFileError, match=r"of another shape: .*expected \("):
        GPS.from_official(weights_for(config), replace(config, dim=128))


def test_two_encodings_are_read_eigenvectors_first(weights_for):
    both = replace(shallow("molhiv"), eigenvectors=EigenvectorConfig(count=4, dim=8))
    walks = weights_for(replace(both, eigenvectors=None, dim=both.dim))
    names = {name.replace("encoder2", "encoder3"): value for name, value in walks.items()} | {
        name: value
        for name, value in weights_for(replace(both, random_walk=None)).items()
        if ".encoder2." in name
    }
    for column, size in enumerate(both.nodes.sizes):
        names[f"{ATOM_TABLES}.{column}.weight"] = torch.zeros(size, both.feature_dim)
    model = GPS.from_official(names, both)
    linear = names["encoder.node_encoder.encoder3.pe_encoder.weight"].float()
    assert torch.equal(model.random_walk.network.weight, linear)
    first = names["encoder.node_encoder.encoder2.linear_A.weight"].float()
    assert torch.equal(model.eigenvectors.network.mlp.layers[0].weight, first)
