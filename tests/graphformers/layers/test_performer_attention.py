"""Performer attention against its equation, node by node."""

import pytest
import torch

from graphformers.errors import ConfigError, ShapeError
from graphformers.kernels import SparsePattern
from graphformers.layers import PaddedRows
from graphformers.layers.performer_attention import PerformerAttention, orthogonal_gaussian
from graphformers.layers.ragged_rows import RaggedRows

FLOAT64 = 1e-12
APPROXIMATION = 0.1  # of the largest entry, with MANY random features
MANY = 1 << 14
PTR = torch.tensor([0, 3, 4, 4, 9])  # one graph is a single node, one is empty
NODES, DIM, HEADS, HEAD_DIM = 9, 6, 2, 4

LAYOUTS = {"padded": PaddedRows(PTR, NODES), "ragged": RaggedRows(PTR)}


@pytest.fixture
def x() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(NODES, DIM, dtype=torch.float64)


def small(**options: object) -> PerformerAttention:
    torch.manual_seed(1)
    return PerformerAttention(DIM, HEADS, head_dim=HEAD_DIM, **options).double()


def features(rows: torch.Tensor, projection: torch.Tensor, *, query: bool) -> torch.Tensor:
    """One random feature after the other; the constant that is taken off as published."""
    scaled = rows / HEAD_DIM**0.25
    logit = torch.stack([torch.stack([row @ one for one in projection]) for row in scaled])
    largest = logit.max(dim=1, keepdim=True).values if query else logit.max()
    half = torch.stack([row @ row / 2 for row in scaled]).unsqueeze(1)
    return ((logit - half - largest).exp() + 1e-4) / len(projection) ** 0.5


def literal(layer: PerformerAttention, x: torch.Tensor, padding: bool = False) -> torch.Tensor:
    """Every weight of every pair, then a weighted mean."""
    longest = int(PTR.diff().max())
    query, key, value = (x @ layer.query_key_value.weight.T).chunk(3, dim=1)
    out = x.new_zeros(NODES, HEADS * HEAD_DIM)
    for start, end in zip(PTR[:-1].tolist(), PTR[1:].tolist(), strict=True):
        for head in range(HEADS if end > start else 0):
            part = slice(start, end), slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
            empty = x.new_zeros(longest - (end - start) if padding else 0, HEAD_DIM)
            of_query = features(query[part], layer.projection, query=True)
            of_key = features(torch.cat([key[part], empty]), layer.projection, query=False)
            weight = of_query @ of_key.T
            weight = weight / weight.sum(dim=1, keepdim=True)
            out[part] = weight @ torch.cat([value[part], empty])
    return layer.output(out)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_node_gets_the_mean_weighted_with_random_features(x, layout):
    layer = small()
    actual = layer(x, LAYOUTS[layout])
    torch.testing.assert_close(actual, literal(layer, x), atol=FLOAT64, rtol=0)


def test_padding_counts_in_the_denominator_when_asked_to(x):
    layer = small(count_padding=True)
    actual, expected = layer(x, LAYOUTS["padded"]), literal(layer, x, padding=True)
    torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=0)
    assert not torch.allclose(actual[:3], literal(layer, x)[:3], atol=1e-3)


def test_many_features_come_near_to_softmax_attention(x):
    layer = small(features=MANY)
    query, key, value = layer.query_key_value(x[:3]).unflatten(1, (3, HEADS, -1)).unbind(1)
    logit = torch.einsum("ihd,jhd->hij", query, key) / HEAD_DIM**0.5
    expected = torch.einsum("hij,jhd->ihd", logit.softmax(-1), value).flatten(1)
    actual = layer(x[:3], RaggedRows(torch.tensor([0, 3])))
    error = (actual - layer.output(expected)).abs().max()
    assert error < APPROXIMATION * expected.abs().max()


def test_both_layouts_have_the_same_gradients(x):
    layer = small()
    gradients = []
    for graphs in LAYOUTS.values():
        inputs = (x.clone().requires_grad_(), *layer.parameters())
        output = layer(inputs[0], graphs)
        gradients.append(torch.autograd.grad(output.square().sum(), inputs))
    for padded, ragged in zip(*gradients, strict=True):
        torch.testing.assert_close(padded, ragged, atol=FLOAT64, rtol=FLOAT64)


def test_keys_too_long_for_an_exponential_stay_finite():
    layer = small().float()
    x = torch.randn(NODES, DIM) * 1e3
    for graphs in LAYOUTS.values():
        y = layer(x.requires_grad_(), graphs)
        assert y.isfinite().all()
        (gradient,) = torch.autograd.grad(y.sum(), x)
        assert gradient.isfinite().all()


def test_random_features_are_orthogonal_in_blocks_of_the_dimension():
    torch.manual_seed(0)
    rows = orthogonal_gaussian(10, 4)
    for block in rows.split(4):
        products = block @ block.T
        torch.testing.assert_close(products, products.diag().diag(), atol=1e-5, rtol=0)


def test_equal_seeds_draw_equal_features_and_redrawing_changes_them():
    first, second = small(), small()
    assert torch.equal(first.projection, second.projection)
    first.redraw()
    assert not torch.equal(first.projection, second.projection)
    assert first.projection.shape == second.projection.shape


def test_the_default_number_of_features_is_that_of_the_published_models():
    assert PerformerAttention(8, 2).projection.shape == (266, 64)


def test_layouts_and_biases_it_cannot_use_are_refused(x):
    with pytest.raises(ShapeError, match="PaddedRows or RaggedRows; got SparsePattern"):
        small()(x, SparsePattern.complete(PTR))
    with pytest.raises(ShapeError, match="takes PaddedRows; got RaggedRows"):
        small(count_padding=True)(x, LAYOUTS["ragged"])
    with pytest.raises(ConfigError, match="no logits"):
        small()(x, LAYOUTS["padded"], torch.zeros(1))


def test_sizes_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="heads 0, head_dim 4, features 2"):
        PerformerAttention(8, 0, head_dim=4, features=2)
