"""A configuration for other data: new features, the same way to draw their tables."""

import pytest
import torch

from graphformers.models import GPSConfig
from graphformers.models.features import CategoricalFeatures, NumericFeatures
from graphformers.systems import SYSTEMS, adapted

ATOMS = CategoricalFeatures(sizes=(119, 4, 12))
BONDS = CategoricalFeatures(sizes=(5, 6))


def test_new_tables_are_drawn_like_the_old_ones():
    from_zinc = adapted(GPSConfig.zinc(), nodes=ATOMS, edges=BONDS, out=2)
    from_ogb = adapted(GPSConfig.pcqm4m_small(), nodes=ATOMS, edges=BONDS, out=2)
    assert from_zinc.nodes == CategoricalFeatures(sizes=ATOMS.sizes, normal=True)
    assert from_zinc.edges == CategoricalFeatures(sizes=BONDS.sizes, normal=True)
    assert from_ogb.nodes == ATOMS
    assert (from_zinc.head.out, from_ogb.head.out) == (2, 2)


def test_numbers_take_the_place_of_categories():
    numbers = NumericFeatures(count=3)
    config = adapted(GPSConfig.zinc(), nodes=numbers, edges=BONDS, out=1)
    assert config.nodes == numbers


@pytest.mark.parametrize("name", SYSTEMS)
def test_categories_of_small_models_are_told_apart_from_the_start(name):
    system = SYSTEMS[name]
    config = adapted(system.config("small"), nodes=ATOMS, edges=BONDS, out=1)
    torch.manual_seed(0)
    tables = config.nodes.build(64).tables
    assert tables.std().item() == pytest.approx(1.0, abs=0.05)
