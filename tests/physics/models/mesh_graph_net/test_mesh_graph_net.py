"""MeshGraphNet against its equations, edge by edge, in double precision; its settings."""

import dataclasses

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern
from graphformers.layers.both_directions import both_directions
from graphformers.layers.edge_linear import EdgeLinear
from graphformers.layers.position_code import FourierPositionCode
from graphformers.physics.models import MeshGraphNet, MeshGraphNetConfig, StaticTask, TransientTask

ROUNDING = 1e-10
NOTICEABLE = 1e-6


def perceptron(widths, parameters, norm, activation):
    """A function of one row, from the parameters in the order they are used."""
    count = len(widths) - 1
    maps = [(parameters.pop(0), parameters.pop(0)) for _ in range(count)]
    scale, shift = (parameters.pop(0), parameters.pop(0)) if norm else (None, None)

    def apply(row):
        for number, (weight, bias) in enumerate(maps):
            row = weight @ row + bias
            row = activation(row) if number < count - 1 else row
        if scale is None:
            return row
        centred = row - row.mean()
        return scale * centred / (centred.square().mean() + 1e-5).sqrt() + shift

    return apply


def equations(model, case):
    """The published equations on one case, from nothing but the model's list of parameters."""
    config = model.config
    dim, hidden = config.dim, [config.dim] * config.layers
    left = list(model.parameters())
    activation = {"relu": torch.relu, "silu": lambda x: x * torch.sigmoid(x)}[config.activation]

    def mlp(columns, out=dim, norm=True):
        return perceptron([columns, *hidden, out], left, norm, activation)

    rows = case.x
    if case.conditions is not None:
        rows = torch.cat([rows, case.conditions.expand(len(rows), -1)], dim=1)
    if config.octaves:
        code = FourierPositionCode(config.space, config.octaves)
        rows = torch.cat([rows, code(case.positions)], dim=1)
    encode_node = mlp(rows.shape[1])
    nodes = [encode_node(row) for row in rows]
    encode_edge = mlp(config.space + 1)
    edges = {}
    for j, i in [*case.edge_index.T.tolist(), *case.edge_index.flip(0).T.tolist()]:
        way = case.positions[i] - case.positions[j]
        edges[j, i] = encode_edge(torch.cat([way, way.norm()[None]]))
    for _ in range(config.steps):
        of_edge, of_node = mlp(3 * dim), mlp(2 * dim)
        for (j, i), edge in edges.items():
            edges[j, i] = edge + of_edge(torch.cat([nodes[j], nodes[i], edge]))
        sums = [torch.zeros_like(nodes[0]) for _ in nodes]
        for (_, i), edge in edges.items():
            sums[i] = sums[i] + edge
        nodes = [v + of_node(torch.cat([v, s])) for v, s in zip(nodes, sums, strict=True)]
    decode = mlp(dim, config.task.fields, norm=False)
    decoded = torch.stack([decode(node) for node in nodes])
    assert not left
    static = isinstance(config.task, StaticTask)
    return decoded if static else case.x[:, : config.task.fields] + decoded


@pytest.mark.parametrize(
    "config",
    [
        MeshGraphNetConfig(dim=8, steps=2, task=StaticTask(node_features=3, fields=2)),
        MeshGraphNetConfig(dim=8, steps=2, space=3, layers=1, octaves=2, activation="silu"),
        MeshGraphNetConfig(dim=8, steps=3, task=TransientTask(fields=2, node_types=3)),
    ],
    ids=["static", "one hidden layer, 3-D", "transient"],
)
def test_the_model_follows_its_equations(config, field_case):
    torch.manual_seed(0)
    model = MeshGraphNet(config).double()
    case = field_case(config, dtype=torch.float64)
    expected = equations(model, case)
    torch.testing.assert_close(model(case), expected, atol=ROUNDING, rtol=0)
    weights = list(model.parameters())
    ours = torch.autograd.grad(model(case).square().sum(), weights)
    theirs = torch.autograd.grad(expected.square().sum(), weights)
    for name, one, other in zip(dict(model.named_parameters()), ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=ROUNDING, rtol=ROUNDING, msg=name)


def test_an_edge_linear_is_the_map_of_the_concatenation():
    torch.manual_seed(0)
    edge_index = torch.tensor([[0, 3, 1, 1], [2, 0, 2, 2]])
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=5, num_sources=5)
    layer = EdgeLinear(3, 2, 4).double()
    x, edges = (torch.randn(*shape, dtype=torch.float64) for shape in ((5, 3), (4, 2)))
    joined = torch.cat([x[edge_index[0]], x[edge_index[1]], edges], dim=1)
    expected = joined @ layer.weight.T + layer.bias
    torch.testing.assert_close(layer(x, edges, pattern), expected, atol=ROUNDING, rtol=0)


def test_every_edge_runs_both_ways_in_the_order_of_its_target():
    edges = SparsePattern.from_edge_index(
        torch.tensor([[2, 1, 3], [0, 0, 2]]), num_targets=5, num_sources=5
    )
    expected = [[1, 0], [2, 0], [0, 1], [0, 2], [3, 2], [2, 3]]
    assert both_directions(edges).edge_index.T.tolist() == expected


def test_without_a_position_code_a_shift_of_the_mesh_changes_nothing(field_case):
    sizes = {"dim": 8, "steps": 2}
    one = field_case(MeshGraphNetConfig(**sizes), dtype=torch.float64)
    shifted = dataclasses.replace(one, positions=one.positions + 0.25)
    plain = MeshGraphNet(MeshGraphNetConfig(**sizes)).double()
    torch.testing.assert_close(plain(shifted), plain(one), atol=ROUNDING, rtol=0)
    located = MeshGraphNet(MeshGraphNetConfig(**sizes, octaves=2)).double()
    assert (located(shifted) - located(one)).abs().max() > NOTICEABLE


@pytest.mark.parametrize(
    ("preset", "columns", "space", "dim", "fields"),
    [
        ("cylinder-flow", 2 + 9 + 1, 2, 128, 2),
        ("airfoil", 3 + 9 + 1, 2, 128, 3),
        ("xaeronet-surface", 3 + 9 * 3, 3, 512, 4),
    ],
)
def test_presets_are_fifteen_steps_of_perceptrons_with_two_hidden_layers(
    preset, columns, space, dim, fields
):
    def perceptron_size(columns, out=dim, norm=2 * dim):
        return (columns + 1) * dim + (dim + 1) * dim + (dim + 1) * out + norm

    ends = perceptron_size(columns) + perceptron_size(space + 1) + perceptron_size(dim, fields, 0)
    steps = 15 * (perceptron_size(3 * dim) + perceptron_size(2 * dim))
    with torch.device("meta"):
        model = MeshGraphNet.preset(preset)
    assert sum(weight.numel() for weight in model.parameters()) == ends + steps


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 0}, "dim must be at least 1"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"space": 4}, "space must be 2 or 3"),
        ({"activation": "selu"}, "did you mean 'silu'"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        MeshGraphNetConfig(**changes)
