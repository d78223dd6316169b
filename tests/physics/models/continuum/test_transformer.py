"""What the operator on points promises beyond its equations and what every mesh model must hold."""

import dataclasses

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import StaticTask

ROUNDING = 1e-10  # double precision
NO_EDGES = torch.zeros(2, 0, dtype=torch.int64)
STATIC = StaticTask(node_features=2, fields=3, conditions=2)


def points_case(config, num_nodes=9, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    task = config.task
    return GraphBatch(
        x=draw(num_nodes, task.columns),
        edge_index=torch.stack([torch.arange(1, num_nodes), torch.arange(num_nodes - 1)]),
        ptr=torch.tensor([0, num_nodes]),
        positions=draw(num_nodes, config.space),
        conditions=draw(1, task.conditions) if task.conditions else None,
    )


@pytest.mark.parametrize("space", [1, 2, 3])
@pytest.mark.parametrize("layout", ["sparse", "padded", "auto"])
def test_points_give_in_a_batch_what_they_give_alone_in_any_layout(space, layout, transformer):
    model = transformer(task=STATIC, space=space, layout=layout).double().eval()
    sparse = transformer(task=STATIC, space=space, layout="sparse").double().eval()
    cases = [points_case(model.config, nodes, seed) for seed, nodes in enumerate((9, 1, 140, 30))]
    alone = torch.cat([sparse(one) for one in cases])
    together = model(GraphBatch.concatenate(cases))
    torch.testing.assert_close(together, alone, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("space", [1, 2, 3])
def test_relabelling_points_relabels_outputs(space, transformer):
    model = transformer(task=STATIC, space=space).double().eval()
    one = points_case(model.config)
    new_name = torch.randperm(9, generator=torch.Generator().manual_seed(2))
    old_name = new_name.argsort()
    relabelled = dataclasses.replace(
        one, x=one.x[old_name], positions=one.positions[old_name],
        edge_index=new_name[one.edge_index],
    )  # fmt: skip
    torch.testing.assert_close(model(relabelled), model(one)[old_name], atol=ROUNDING, rtol=0)


def test_a_point_of_weight_two_counts_like_two_points(transformer):
    model = transformer(space=2).double().eval()
    one = points_case(model.config)
    twice = torch.tensor([0, 0, *range(1, 9)])
    doubled = GraphBatch(
        x=one.x[twice], edge_index=NO_EDGES, ptr=torch.tensor([0, 10]),
        positions=one.positions[twice],
    )  # fmt: skip
    weight = torch.ones(9, dtype=torch.float64).index_fill(0, torch.tensor(0), 2.0)
    weighted = dataclasses.replace(one, edge_index=NO_EDGES, encodings={"quadrature": weight})
    torch.testing.assert_close(model(weighted), model(doubled)[1:], atol=ROUNDING, rtol=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": 4}, "space must be 1, 2 or 3"),
        ({"dim": 9}, "multiple of heads"),
        ({"heads": 0}, "heads must be at least 1"),
        ({"attention_dropout": 1.0}, "dropout must lie in"),
        ({"quadrature": "plane"}, "quadrature must be always, line or never"),
        ({"layout": "dense"}, "layout must be auto, sparse or padded"),
        ({"initial_value": True}, "initial_value needs space 1 and a task with conditions"),
    ],
)
def test_impossible_settings_of_a_transformer_are_refused(changes, message, transformer):
    with pytest.raises(ConfigError, match=message):
        transformer(**changes)
