"""Weights in the authors' layout: the same function, and clear errors."""

from dataclasses import replace

import pytest
import torch

from graphformers.encodings import encode
from graphformers.errors import ModelFileError
from graphformers.graph_batch import GraphBatch
from graphformers.models import GraphTransformer, GraphTransformerConfig
from graphformers.models.features import CategoricalFeatures, NoFeatures, NumericFeatures
from graphformers.models.graph_transformer import NodeColourConfig
from graphformers.models.outputs import HalvingHeadConfig, NodeHeadConfig

FLOAT64 = 1e-10
ZINC = replace(GraphTransformerConfig.zinc(official=True), layers=3)
CONFIGS = {
    "zinc": ZINC,
    "layer norm": replace(ZINC, layer_norm=True),
    "no residual": replace(ZINC, residual=False),
    "edges without features": replace(ZINC, edges=NoFeatures()),
    "numbers": replace(ZINC, nodes=NumericFeatures(count=3), edges=NumericFeatures(count=2)),
    "colours": replace(ZINC, eigenvectors=None, colours=NodeColourConfig()),
    "sum": replace(ZINC, head=HalvingHeadConfig(out=2, pool="sum")),
    "max": replace(ZINC, head=HalvingHeadConfig(out=2, pool="max")),
}


def random_batch(config: GraphTransformerConfig) -> GraphBatch:
    """Loops, repeated edges, a single node, several parts, nodes that receive nothing."""
    generator = torch.Generator().manual_seed(2)
    sizes, counts = (6, 1, 12, 4), (15, 0, 20, 3)
    starts = [0, *torch.tensor(sizes).cumsum(0).tolist()]
    edge_index = torch.cat(
        [
            start + torch.randint(size, (2, count), generator=generator)
            for start, size, count in zip(starts, sizes, counts, strict=False)
        ],
        dim=1,
    )
    edge_index = torch.cat([edge_index, edge_index[:, -1:]], dim=1)

    def features(kind, rows):
        if isinstance(kind, NoFeatures):
            return None
        if isinstance(kind, NumericFeatures):
            return torch.randn(rows, kind.count, generator=generator, dtype=torch.float64)
        drawn = [torch.randint(size, (rows,), generator=generator) for size in kind.sizes]
        return torch.stack(drawn, dim=1)

    batch = GraphBatch(
        x=features(config.nodes, starts[-1]),
        edge_index=edge_index,
        ptr=torch.tensor(starts),
        edge_attr=features(config.edges, edge_index.shape[1]),
    )
    assert (batch.edges.row_ptr.diff() == 0).any()
    return in_double(encode(batch, config.encodings))


def in_double(batch: GraphBatch) -> GraphBatch:
    return batch.map(lambda one: one.double() if one.is_floating_point() else one)


def loaded(weights: dict[str, torch.Tensor], config: GraphTransformerConfig) -> GraphTransformer:
    """``from_official`` fills a float32 model; comparisons are in float64 on the same numbers."""
    return GraphTransformer.from_official(weights, config).double()


def rounded(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """To multiples of 2^-16: float32 holds them, and the sum of two of them."""
    return {
        name: (one * 2**16).round() / 2**16 if one.is_floating_point() else one
        for name, one in weights.items()
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_the_published_equations_are_computed(name, weights_for, authors):
    config = CONFIGS[name]
    weights, batch = rounded(weights_for(config)), random_batch(config)
    actual, expected = loaded(weights, config)(batch), authors(weights, config)(batch)
    assert (actual - expected).abs().max() <= FLOAT64 * expected.abs().max()


def test_every_layer_computes_what_the_authors_do(weights_for, authors):
    weights, batch = rounded(weights_for(ZINC)), random_batch(ZINC)
    model, theirs = loaded(weights, ZINC), authors(weights, ZINC)
    x, edge = model.embed(batch)
    h, e = theirs.nodes(batch), theirs.edges(batch)
    for number, block in enumerate(model.blocks):
        x, edge = block(x, edge, batch.edges)
        h, e = theirs.layer(h, e, batch.edge_index, f"layers.{number}")
        torch.testing.assert_close(x, h, atol=FLOAT64, rtol=FLOAT64)
        torch.testing.assert_close(edge, e, atol=FLOAT64, rtol=FLOAT64)


def test_without_the_epsilon_the_authors_numbers_are_missed(weights_for, authors):
    config = replace(ZINC, softmax_epsilon=0.0)
    weights, batch = rounded(weights_for(config)), random_batch(config)
    actual, expected = loaded(weights, config)(batch), authors(weights, config)(batch)
    assert (actual - expected).abs().max() > 1e2 * FLOAT64 * expected.abs().max()


def test_tables_of_several_columns_are_not_theirs(weights_for):
    config = replace(ZINC, nodes=CategoricalFeatures(sizes=(28, 3)))
    with pytest.raises(ModelFileError, match=r"missing: embedding_h\.0\.weight"):
        GraphTransformer.from_official(weights_for(ZINC), config)


def test_missing_and_unknown_weights_are_named(weights_for):
    weights = weights_for(ZINC)
    weights["layers.9.surplus"] = weights.pop("layers.1.O_e.bias")
    expected = r"missing: layers\.1\.O_e\.bias; unknown: layers\.9\.surplus"
    with pytest.raises(ModelFileError, match=expected):
        GraphTransformer.from_official(weights, ZINC)


def test_a_head_for_nodes_is_not_theirs(weights_for):
    with pytest.raises(ModelFileError, match="HalvingHeadConfig"):
        GraphTransformer.from_official(weights_for(ZINC), replace(ZINC, head=NodeHeadConfig(out=1)))
