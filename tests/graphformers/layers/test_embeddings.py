"""Categories and numbers to vectors; batch normalisation of few rows."""

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError, DataError, ShapeError
from graphformers.layers import MLP, BatchNorm, CategoricalEmbedding, NumericEmbedding

ROUNDING = 1e-6


def test_columns_are_embedded_and_summed():
    layer = CategoricalEmbedding((3, 2), 4)
    first, second = layer.tables.split((3, 2))
    actual = layer(torch.tensor([[2, 0], [0, 1]]))
    expected = torch.stack([first[2] + second[0], first[0] + second[1]])
    torch.testing.assert_close(actual, expected, atol=ROUNDING, rtol=0)


def test_one_column_may_come_without_its_axis():
    layer = CategoricalEmbedding((3,), 4)
    flat = torch.tensor([2, 0, 1, 1])
    assert torch.equal(layer(flat), layer(flat[:, None]))
    assert layer(flat[:0]).shape == (0, 4)


@pytest.mark.parametrize("category", [-1, 3])
def test_a_category_outside_its_table_is_named(category):
    layer = CategoricalEmbedding((3, 9), 4)
    with pytest.raises(DataError, match=rf"row 1, column 0 holds category {category}.*ends at 2"):
        layer(torch.tensor([[0, 8], [category, 0]]))


@pytest.mark.parametrize("categories", [torch.zeros(4, 3, dtype=torch.int64), torch.zeros(4, 2)])
def test_other_columns_and_numbers_are_refused(categories):
    with pytest.raises(ShapeError):
        CategoricalEmbedding((3, 2), 4)(categories)


def test_xavier_tables_depend_on_their_own_size():
    torch.manual_seed(0)
    layer = CategoricalEmbedding((2000, 2), 50)
    large, small = layer.tables.split((2000, 2))
    assert large.abs().max() <= (6 / 2050) ** 0.5
    assert small.abs().max() > (6 / 2050) ** 0.5


def test_numbers_are_mapped_and_categories_are_refused():
    layer = NumericEmbedding(1, 4)
    values = torch.randn(5)
    assert torch.equal(layer(values), layer.linear(values[:, None]))
    with pytest.raises(ShapeError, match="1 columns of numbers"):
        layer(torch.zeros(5, dtype=torch.int64))
    with pytest.raises(ShapeError, match=r"got \(5, 2\)"):
        layer(torch.zeros(5, 2))


@pytest.mark.parametrize("shape", [(0, 3), (1, 3)])
def test_batch_norm_of_one_row_or_none_uses_the_running_statistics(shape):
    layer = BatchNorm(3)
    layer(torch.randn(10, 3))
    before = layer.running_mean.clone()
    x = torch.randn(shape)
    assert torch.equal(layer(x), layer.eval()(x))
    assert torch.equal(layer.running_mean, before)


def test_batch_norm_of_many_rows_is_that_of_torch():
    ours, theirs, x = BatchNorm(3), nn.BatchNorm1d(3), torch.randn(7, 3, 2)
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.running_var, theirs.running_var)


def test_an_mlp_activates_between_its_layers_only():
    torch.manual_seed(0)
    plain, activated = MLP([2, 8, 3]), MLP([2, 8, 3], activate_last=True)
    activated.load_state_dict(plain.state_dict())
    x = torch.randn(20, 2)
    assert plain(x).min() < 0
    assert torch.equal(activated(x), plain(x).relu())


def test_an_mlp_of_one_width_or_an_unknown_activation_is_refused():
    with pytest.raises(ConfigError, match="input and an output width"):
        MLP([3])
    with pytest.raises(ConfigError, match="did you mean 'gelu'"):
        MLP([3, 3], "gelo")
