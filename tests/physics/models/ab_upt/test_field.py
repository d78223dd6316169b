"""An AB-UPT for fields on meshes: what it draws, and what follows from it."""

import dataclasses

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import ABUPTField, ABUPTFieldConfig, StaticTask, TransientTask
from graphformers.physics.models.ab_upt import field as field_module
from graphformers.physics.models.ab_upt.draw import draw_points, hash_of_places

ROUNDING = 1e-10
TASK = StaticTask(node_features=2, fields=3)
SIZES = {"supernodes": 5, "surface_anchors": 4, "volume_anchors": 6, "geometry_points": 8}


def small(**changes):
    sizes = {"dim": 16, "heads": 2, "position_scale": 3.0, "radius": 0.5, "task": TASK}
    return ABUPTFieldConfig(**(sizes | SIZES | {"blocks": ("perceiver", "cross")} | changes))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return ABUPTField(small()).double().eval()


def meshes(sizes=((30, 12), (25, 0), (5, 5)), task=TASK):
    """Cases with so many nodes, so many of them on the wall."""
    generator = torch.Generator().manual_seed(0)
    count = sum(nodes for nodes, _ in sizes)
    x = torch.randn(count, task.columns, generator=generator, dtype=torch.float64)
    wall = [float(number < walls) for nodes, walls in sizes for number in range(nodes)]
    x[:, 0] = torch.tensor(wall, dtype=torch.float64) - 0.25
    return GraphBatch(
        x=x,
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        ptr=torch.tensor([0, *[nodes for nodes, _ in sizes]]).cumsum(0),
        positions=torch.rand(count, 2, generator=generator, dtype=torch.float64),
    )


def test_a_draw_takes_the_least_candidates_of_every_case():
    candidates = torch.tensor([1, 1, 0, 1, 1, 0, 0, 1, 1], dtype=torch.bool)
    ptr = torch.tensor([0, 5, 5, 7, 9])
    priority = torch.tensor([0.3, 0.9, 0.0, 0.1, 0.2, 0.5, 0.5, 0.8, 0.7])
    assert draw_points(candidates, ptr, 2, priority).tolist() == [3, 4, 7, 8]
    assert draw_points(candidates, ptr, 1, priority).tolist() == [3, 8]
    assert draw_points(candidates, ptr, 9, priority).tolist() == [0, 1, 3, 4, 7, 8]


def test_the_hash_of_a_place_is_its_own_and_looks_drawn():
    places = torch.cartesian_prod(torch.arange(40.0), torch.arange(25.0))
    first, second = hash_of_places(places, 1), hash_of_places(places, 2)
    assert first.unique().numel() == 1000
    assert torch.equal(hash_of_places(places.flip(0), 1), first.flip(0))
    chosen = places[draw_points(torch.ones(1000).bool(), torch.tensor([0, 1000]), 250, first)]
    assert (chosen.mean(0) - places.mean(0)).abs().max() < 2.0
    assert chosen.unique(dim=0).shape[0] == 250
    common = set(first.argsort()[:250].tolist()) & set(second.argsort()[:250].tolist())
    assert 30 < len(common) < 100
    assert torch.equal(hash_of_places(torch.zeros(1, 2), 1), hash_of_places(-torch.zeros(1, 2), 1))


def test_the_geometry_is_the_wall_or_any_points_where_there_is_none(model):
    batch = meshes()
    seen = {}
    model.network.geometry.register_forward_pre_hook(lambda _, args: seen.update(shape=args[0]))
    model(batch)
    shape = seen["shape"]
    assert shape.ptr.tolist() == [0, 8, 16, 21]
    assert shape.supernode_ptr.tolist() == [0, 5, 10, 15]
    wall = batch.positions[batch.x[:, 0] > 0] * 3.0
    on_wall = (shape.positions[:, None] == wall).all(2).any(1)
    assert on_wall.tolist() == [True] * 8 + [False] * 8 + [True] * 5


def test_every_node_is_a_token_of_its_branch_once(model):
    batch = meshes()
    asked = {}
    encode, query = model.network.encode, model.network.query

    def counted(geometry, anchors, conditions=None):
        asked.update({f"{name} anchors": one.ptr.tolist() for name, one in anchors.items()})
        return encode(geometry, anchors, conditions)

    def asking(cache, name, points):
        asked[f"{name} queries"] = points.ptr.tolist()
        return query(cache, name, points)

    model.network.encode, model.network.query = counted, asking
    model(batch)
    assert asked == {
        "surface anchors": [0, 4, 4, 8],
        "volume anchors": [0, 6, 12, 12],
        "surface queries": [0, 8, 8, 9],
        "volume queries": [0, 12, 31, 31],
    }


def test_training_draws_anew_and_evaluation_does_not(model):
    batch = meshes()
    assert torch.equal(model(batch), model(batch))
    model.train()
    assert not torch.equal(model(batch), model(batch))


def test_where_all_nodes_are_anchors_chance_plays_no_part():
    roomy = dict.fromkeys(SIZES, 40)
    torch.manual_seed(0)
    model = ABUPTField(small(**roomy)).double()
    batch = meshes()
    expected = model.eval()(batch)
    torch.testing.assert_close(model.train()(batch), expected, atol=ROUNDING, rtol=0)


def test_many_nodes_are_asked_in_pieces(model, monkeypatch):
    batch = meshes()
    expected = model(batch)
    monkeypatch.setattr(field_module, "QUERIES_AT_ONCE", 7)
    with torch.no_grad():
        ours = model(batch)
    torch.testing.assert_close(ours, expected, atol=ROUNDING, rtol=0)


def test_without_wall_columns_there_is_one_branch():
    transient = small(task=TransientTask(fields=2, node_types=3))
    assert [one.name for one in transient.network.branches] == ["volume"]
    assert transient.network.blocks == ("perceiver", "self")
    walled = dataclasses.replace(transient, wall_columns=(3, 4))
    assert [one.name for one in walled.network.branches] == ["surface", "volume"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wall_columns": (2,)}, "wall_columns must be of 2 columns"),
        ({"position_scale": 0.0}, "position_scale must be positive"),
        ({"volume_anchors": 0}, "volume_anchors must be at least 1"),
        ({"dim": 15}, "dim must be heads times an even number"),
        ({"radius": -1.0}, "radius must be positive"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        small(**changes)
