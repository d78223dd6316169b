"""Weights in the authors' layout: the same function, and clear errors."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from graphformers.errors import ModelFileError
from graphformers.graph_batch import GraphBatch
from graphformers.layers.degree_scaler import log_degrees
from graphformers.layers.pair_slots import pair_slots
from graphformers.models.features import NoFeatures, NumericFeatures
from graphformers.models.grit import GRIT, GRITConfig

GOLDEN = Path(__file__).parents[1] / "golden" / "grit_zinc"
FLOAT32 = 1e-5  # of the largest entry, as the golden's own notes say
FLOAT64 = 1e-10
PRESETS = [
    "zinc",
    "peptides_func",
    "peptides_struct",
    "pcqm4m",
    "cifar10",
    "mnist",
    "cluster",
    "pattern",
]
ATOM_TABLES = "encoder.node_encoder.atom_embedding_list"
# name: sizes of the graphs, edges (numbered over the batch)
GRAPHS = {
    "one-node": ((1,), []),
    "one-node-among-others": ((3, 1, 2), [(0, 1), (1, 2), (2, 0), (4, 5), (5, 4)]),
    "disconnected": ((6,), [(0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4)]),
    "isolated-nodes": ((5, 3), [(0, 1), (1, 0), (6, 7), (7, 6)]),
    "no-edges": ((4, 2), []),
    "directed": ((5,), [(0, 1), (1, 2), (2, 3), (0, 4), (4, 3)]),
    "parallel-edges": ((3,), [(0, 1), (0, 1), (0, 1), (1, 0), (1, 2), (2, 1), (2, 1)]),
    "self-loops": ((3,), [(0, 0), (0, 1), (1, 0), (2, 2), (2, 2)]),
}


def small(preset: str, layers: int = 2) -> GRITConfig:
    return replace(getattr(GRITConfig, preset)(), layers=layers)


def random_edges(sizes: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    starts = torch.tensor([0, *sizes[:-1]]).cumsum(0).tolist()
    drawn = [
        start + torch.randint(size, (2, 3 * size - 3), generator=generator)
        for start, size in zip(starts, sizes, strict=True)
    ]
    return torch.cat(drawn, dim=1)


def featured(config: GRITConfig, sizes, edge_index: torch.Tensor, walks) -> GraphBatch:
    """Graphs with random features in float64 and the literal random walks between all pairs."""
    generator = torch.Generator().manual_seed(2)

    def features(kind, rows):
        if isinstance(kind, NoFeatures):
            return None
        if isinstance(kind, NumericFeatures):
            return torch.randn(rows, kind.count, generator=generator, dtype=torch.float64)
        drawn = [torch.randint(size, (rows,), generator=generator) for size in kind.sizes]
        return torch.stack(drawn, dim=1)

    batch = GraphBatch(
        x=features(config.nodes, sum(sizes)),
        edge_index=edge_index,
        ptr=torch.tensor([0, *sizes]).cumsum(0),
        edge_attr=features(config.edges, edge_index.shape[1]),
    )
    return replace(batch, pair_encodings={"rrwp": walks(batch, config.walk_channels)})


def rounded(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """In float64 what ``from_official`` reads: it fills a float32 model."""
    return {
        name: value.float().double() if value.is_floating_point() else value
        for name, value in weights.items()
    }


def assert_near(actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() <= tolerance * expected.abs().max()


@pytest.fixture(scope="module")
def golden() -> dict[str, dict[str, torch.Tensor]]:
    names = ("inputs", "outputs", "weights", "intermediate")
    return {name: load_file(GOLDEN / f"{name}.safetensors") for name in names}


@pytest.fixture
def golden_batch(golden) -> GraphBatch:
    names = ("x", "edge_index", "ptr", "edge_attr")
    return GraphBatch(**{name: golden["inputs"][name] for name in names})


def test_every_layer_computes_what_the_authors_do(golden, golden_batch):
    model = GRIT.from_official(golden["weights"], GRITConfig.zinc())
    expected, pattern = golden["intermediate"], model.attention_pattern(golden_batch)
    order = pair_slots(pattern, expected["pairs.edge_index"])
    log_degree = log_degrees(golden_batch)
    x, pairs = model.embed(golden_batch, pattern)
    assert_near(x, expected["rrwp_abs_encoder.x"], FLOAT32)
    assert_near(pairs[order], expected["rrwp_rel_encoder.edge_attr"], FLOAT32)
    for number, block in enumerate(model.blocks):
        x, pairs = block(x, pairs, pattern, log_degree)
        assert_near(x, expected[f"layers.{number}.x"], FLOAT32)
        assert_near(pairs[order], expected[f"layers.{number}.edge_attr"], FLOAT32)
    assert_near(model(golden_batch), golden["outputs"]["output"], FLOAT32)


def test_random_walks_and_degrees_are_the_authors(golden, golden_batch):
    (encoding,) = GRITConfig.zinc().pair_encodings
    inputs, walks = golden["inputs"], encoding.compute(golden_batch)
    order = pair_slots(golden_batch.pairs, inputs["rrwp_index"])
    assert_near(walks[order], inputs["rrwp_val"], FLOAT32)
    own = golden_batch.pairs.source == golden_batch.pairs.target
    assert_near(walks[own], inputs["rrwp"], FLOAT32)
    assert_near(log_degrees(golden_batch), inputs["log_deg"], FLOAT32)


@pytest.mark.parametrize("hops", [None, 2])
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_compute_the_published_equations(preset, hops, weights_for, authors, literal_walks):
    config = replace(small(preset), hops=hops)
    sizes = (6, 1, 9)
    edge_index = random_edges(sizes, torch.Generator().manual_seed(2))
    batch = featured(config, sizes, edge_index, literal_walks)
    weights = weights_for(config)
    model = GRIT.from_official(weights, config).double()
    assert_near(model(batch), authors(rounded(weights), config)(batch), FLOAT64)


@pytest.mark.parametrize("hops", [None, 1])
@pytest.mark.parametrize("name", GRAPHS)
def test_unusual_graphs_follow_the_published_equations(
    name, hops, weights_for, authors, literal_walks
):
    config = replace(small("zinc"), hops=hops, walk_channels=5)
    sizes, edges = GRAPHS[name]
    edge_index = torch.tensor(edges, dtype=torch.int64).view(-1, 2).T
    batch = featured(config, sizes, edge_index, literal_walks)
    weights = weights_for(config)
    model = GRIT.from_official(weights, config).double()
    assert_near(model(batch), authors(rounded(weights), config)(batch), FLOAT64)
    computed = replace(batch, pair_encodings={})
    assert_near(model.float()(computed).double(), model.double()(batch), FLOAT32)


def test_without_degrees_a_node_only_averages(weights_for, authors, literal_walks):
    config = replace(small("zinc"), degree_scaler=False)
    weights = weights_for(config)
    kept = {name: one for name, one in weights.items() if not name.endswith("deg_coef")}
    sizes, edges = GRAPHS["parallel-edges"]
    batch = featured(config, sizes, torch.tensor(edges).T, literal_walks)
    model = GRIT.from_official(kept, config).double()
    assert_near(model(batch), authors(rounded(weights), config)(batch), FLOAT64)


def test_the_training_framework_s_prefix_may_stay(weights_for):
    config = small("peptides_func", layers=1)
    weights = weights_for(config)
    prefixed = {f"model.{name}": value for name, value in weights.items()}
    plain, other = (GRIT.from_official(one, config).state_dict() for one in (weights, prefixed))
    assert all(torch.equal(plain[name], other[name]) for name in plain)


def test_five_chirality_rows_lose_their_last(weights_for):
    config = small("peptides_func", layers=1)
    expected = GRIT.from_official(weights_for(config), config).state_dict()
    longer = weights_for(config)
    table = longer[f"{ATOM_TABLES}.1.weight"]
    longer[f"{ATOM_TABLES}.1.weight"] = torch.cat([table, torch.ones_like(table[:1])])
    actual = GRIT.from_official(longer, config).state_dict()
    assert torch.equal(actual["node_features.tables"], expected["node_features.tables"])


def test_a_fifth_chirality_row_of_ours_starts_at_zero(weights_for):
    config = small("peptides_func", layers=1)
    weights = weights_for(config)
    sizes = (119, 5, *config.nodes.sizes[2:])
    wider = replace(config, nodes=replace(config.nodes, sizes=sizes))
    tables = GRIT.from_official(weights, wider).node_features.tables
    assert torch.equal(tables[119:123], weights[f"{ATOM_TABLES}.1.weight"].float())
    assert tables[123].abs().max() == 0


def test_missing_and_unknown_weights_are_named(weights_for):
    config = small("zinc", layers=1)
    weights = weights_for(config)
    weights["layers.9.surplus"] = weights.pop("layers.0.attention.VeRow")
    expected = r"missing: layers\.0\.attention\.VeRow; unknown: layers\.9\.surplus"
    with pytest.raises(ModelFileError, match=expected):
        GRIT.from_official(weights, config)


@pytest.mark.parametrize("change", [{"dim": 128}, {"heads": 4}, {"walk_channels": 20}], ids=str)
def test_weights_of_another_size_are_refused(change, weights_for):
    config = small("zinc", layers=1)
    with pytest.raises(ModelFileError, match=r"of another shape: .*expected \("):
        GRIT.from_official(weights_for(config), replace(config, **change))
