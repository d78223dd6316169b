"""Weights in the authors' layout: the same function, and clear errors."""

from dataclasses import replace

import pytest
import torch

from graphformers.errors import DataError, ModelFileError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import relative_random_walk_probabilities
from graphformers.models.features import NoFeatures, NumericFeatures
from graphformers.models.ppgt import PPGT, PPGTConfig

FLOAT64 = 1e-10
PRESETS = [
    "zinc",
    "pcqm4m",
    "peptides_func",
    "peptides_struct",
    "pattern",
    "cluster",
    "cifar10",
    "brec",
]


def shallow(preset: str, *, official: bool = False) -> PPGTConfig:
    """Two layers, and octaves that float32 walks can still be compared through."""
    config = getattr(PPGTConfig, preset)(official=official)
    if preset == "pcqm4m":
        config = replace(config, dim=96, heads=12)
    return replace(config, layers=2)


def random_batch(config: PPGTConfig, sizes: tuple[int, ...] = (6, 1, 9)) -> GraphBatch:
    generator = torch.Generator().manual_seed(2)
    starts = [0, *torch.tensor(sizes).cumsum(0).tolist()]
    edges = [
        start + torch.randint(size, (2, 2 * size - 2), generator=generator)
        for start, size in zip(starts, sizes, strict=False)
    ]
    edge_index = torch.cat(edges, dim=1)

    def features(kind, rows):
        if kind is None or isinstance(kind, NoFeatures):
            return None
        if isinstance(kind, NumericFeatures):
            return torch.randn(rows, kind.count, generator=generator, dtype=torch.float64)
        drawn = [torch.randint(size, (rows,), generator=generator) for size in kind.sizes]
        return torch.stack(drawn, dim=1)

    positions = torch.rand(starts[-1], 2, generator=generator, dtype=torch.float64)
    return GraphBatch(
        x=features(config.nodes, starts[-1]),
        edge_index=edge_index,
        ptr=torch.tensor(starts),
        edge_attr=features(config.edges, edge_index.shape[1]),
        positions=positions if config.coordinates else None,
    )


def with_exact_walks(batch: GraphBatch, config: PPGTConfig) -> GraphBatch:
    """Walks in float64: the encoding is computed in float32, too coarse for high octaves."""
    walks = relative_random_walk_probabilities(
        torch.cat([batch.edge_index, batch.edge_index.flip(0)], dim=1).unique(dim=1),
        batch.ptr,
        config.walk.steps,
        symmetric=config.walk.symmetric,
        dtype=torch.float64,
    )
    return replace(batch, pair_encodings={config.walk.name: walks})


def assert_near(actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    assert (actual - expected).abs().max() <= tolerance * expected.abs().max()


def in_double(config: PPGTConfig, weights: dict[str, torch.Tensor]) -> PPGT:
    model = PPGT(config).double()
    model.load_state_dict(PPGT.from_official(weights, config).state_dict())
    return model.eval()


def rounded(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What a float32 model holds; the comparison is made in float64 on the same numbers."""
    return {
        name: value.float().double() if value.is_floating_point() else value
        for name, value in weights.items()
    }


@pytest.mark.parametrize("official", [False, True], ids=["paper", "released"])
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_compute_the_published_equations(preset, official, weights_for, authors):
    config = shallow(preset, official=official)
    weights, batch = weights_for(config), random_batch(config)
    model = in_double(config, weights)
    expected = authors(rounded(weights), config)(batch)
    assert_near(model(with_exact_walks(batch, config)), expected, FLOAT64)


def test_paper_and_program_compute_different_functions(weights_for):
    paper, released = shallow("zinc"), shallow("zinc", official=True)
    weights, batch = weights_for(paper), with_exact_walks(random_batch(paper), paper)
    one, other = (in_double(config, weights)(batch) for config in (paper, released))
    assert (one - other).abs().max() > 0.01 * one.abs().max()


def test_factors_of_pair_branches_are_read_too(weights_for, authors):
    config = shallow("zinc")
    config = replace(config, pair=replace(config.pair, layer_scale=0.1), layer_scale=0.1)
    weights, batch = weights_for(config), random_batch(config)
    expected = authors(rounded(weights), config)(batch)
    assert_near(in_double(config, weights)(with_exact_walks(batch, config)), expected, FLOAT64)


@pytest.mark.parametrize(
    ("old", "new"),
    [("mlp.module_", "mlp."), ("post_backbone_norm.norm_layer.", "post_backbone_norm."), ("", "")],
    ids=["numbers", "norms", "prefix"],
)
def test_other_styles_of_names_are_read(old, new, weights_for):
    config = shallow("pcqm4m")
    weights = weights_for(config)
    renamed = {f"model.{name.replace(old, new)}": value for name, value in weights.items()}
    plain, other = (PPGT.from_official(one, config).state_dict() for one in (weights, renamed))
    assert renamed.keys() != weights.keys()
    assert all(torch.equal(plain[name], other[name]) for name in plain)


def test_missing_and_unknown_weights_are_named(weights_for):
    config = shallow("zinc")
    weights = weights_for(config)
    weights["layers.9.surplus"] = weights.pop("layers.1.attention.P.bias")
    expected = r"missing: layers\.1\.attention\.P\.bias; unknown: layers\.9\.surplus"
    with pytest.raises(ModelFileError, match=expected):
        PPGT.from_official(weights, config)


def test_weights_of_another_width_are_refused(weights_for):
    config = shallow("zinc")
    with pytest.raises(ModelFileError, match=r"of another shape: .*expected \("):
        PPGT.from_official(weights_for(config), replace(config, dim=128))


@pytest.mark.parametrize("positions", [None, torch.rand(16, 3)], ids=["none", "three"])
def test_missing_coordinates_are_refused_with_both_sides(positions):
    config = shallow("cifar10")
    batch = random_batch(config).map(lambda one: one.float() if one.is_floating_point() else one)
    with pytest.raises(DataError, match="reads 2 coordinates"):
        PPGT(config)(replace(batch, positions=positions))
