"""The model against its equations, written out in the conftest, in double precision."""

import pytest
import torch
from torch import nn

from graphformers.errors import ModelFileError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.mesh_message import MeshMessage
from graphformers.layers.position_code import FourierPositionCode
from graphformers.physics.models import PhysGTO, PhysGTOConfig
from graphformers.physics.models.physgto.official import from_official_layout

ROUNDING = 1e-10
PUBLISHED = {
    "darcy": (134, 751_041),
    "heat_flow": (149, 2_362_757),
    "ahmed": (156, 1_790_849),
}


def largest_difference(ours, expected):
    return (ours - expected).abs().max().item()


@pytest.fixture(
    params=[
        "static",
        "static, both directions",
        "static 3-D",
        "surface",
        "transient",
        "transient 3-D",
    ]
)
def published_config(request, static_config, surface_config, transient_config):
    return {
        "surface": surface_config(),
        "static": static_config(),
        "static, both directions": static_config(edge_direction="both"),
        "static 3-D": static_config(space=3),
        "transient": transient_config(),
        "transient 3-D": transient_config(space=3),
    }[request.param]


def test_a_batch_equals_the_equations_case_by_case(published_config, oracle, field_cases):
    equations = oracle(published_config)
    model = PhysGTO.from_official(equations.state_dict(), published_config).double()
    batch = field_cases(published_config, torch.float64)
    expected = torch.cat([equations(case) for case in batch])
    ours = model(GraphBatch.concatenate(batch))
    assert largest_difference(ours, expected) < ROUNDING


def test_gradients_of_all_weights_equal_those_of_the_equations(
    published_config, oracle, field_cases
):
    equations = oracle(published_config)
    model = PhysGTO.from_official(equations.state_dict(), published_config).double()
    batch = field_cases(published_config, torch.float64)
    torch.cat([equations(case) for case in batch]).square().mean().backward()
    model(GraphBatch.concatenate(batch)).square().mean().backward()
    theirs = {name: weight.grad for name, weight in equations.named_parameters()}
    expected = from_official_layout(theirs, published_config, model)
    for name, weight in model.named_parameters():
        assert largest_difference(weight.grad, expected[name]) < ROUNDING, name


@pytest.mark.parametrize("activation", ["silu", "gelu"])
@pytest.mark.parametrize("direction", ["single", "both"])
def test_a_message_step_alone_equals_the_equations(direction, activation, part_oracles):
    act = {"silu": nn.SiLU, "gelu": nn.GELU}[activation]
    equations = part_oracles.message(6, 4, 8, act, direction).double()
    step = MeshMessage(6, 4, hidden=8, activation=activation, edge_direction=direction).double()
    load_message_step(step, equations)
    senders, receivers = torch.tensor([[3, 4, 4, 2, 3], [1, 1, 0, 2, 1]])  # 5 has no edge
    x = torch.randn(6, 6, dtype=torch.float64)
    edges = torch.randn(5, 4, dtype=torch.float64)
    pattern = SparsePattern.from_edge_index(
        torch.stack([senders, receivers]), num_targets=6, num_sources=6
    )
    for ours, expected in zip(
        step(x, edges, pattern), equations(x, edges, senders, receivers), strict=True
    ):
        assert largest_difference(ours, expected) < ROUNDING


def load_message_step(step, equations):
    edge, node = equations.f_edge.f, equations.f_node.f
    step.edge_input.load_state_dict(edge[0].state_dict())
    step.edge_output[0].load_state_dict(edge[2].state_dict())
    step.edge_output[1].load_state_dict(edge[3].state_dict())
    step.node[0].layers[0].load_state_dict(node[0].state_dict())
    step.node[0].layers[1].load_state_dict(node[2].state_dict())
    step.node[1].load_state_dict(node[3].state_dict())


@pytest.mark.parametrize("space", [2, 3])
def test_position_code_alone_equals_the_equations(space, part_oracles):
    positions = torch.randn(5, space, dtype=torch.float64)
    code = FourierPositionCode(space, octaves=4)
    assert code(positions).shape == (5, code.dim)
    assert largest_difference(code(positions), part_oracles.position_code(positions, 4)) < ROUNDING


@pytest.mark.parametrize("preset", PUBLISHED)
def test_presets_have_the_published_number_of_parameters(preset, oracle):
    config = getattr(PhysGTOConfig, preset)()
    keys, parameters = PUBLISHED[preset]
    model, published = PhysGTO(config), oracle(config).state_dict()
    assert sum(weight.numel() for weight in model.parameters()) == parameters
    assert len(published) == keys
    PhysGTO.from_official(published, config)


def test_drag_is_a_learned_multiple_of_the_sum_over_every_case(surface_config, oracle, field_cases):
    config = surface_config(drag=True)
    equations = oracle(config)
    model = PhysGTO.from_official(equations.state_dict(), config).double()
    batch = field_cases(config, torch.float64)
    expected = torch.cat([equations.drag(case) for case in batch])
    assert largest_difference(model.drag(GraphBatch.concatenate(batch)), expected) < ROUNDING
    assert (PhysGTO(config).double().drag(batch[0]) == 0).all()


def test_keys_of_a_parallel_wrapper_are_understood(static_config, oracle):
    published = oracle(static_config()).state_dict()
    wrapped = {f"module.{key}": value for key, value in published.items()}
    plain = PhysGTO.from_official(published, static_config())
    for name, value in PhysGTO.from_official(wrapped, static_config()).state_dict().items():
        assert torch.equal(value, plain.state_dict()[name]), name


def test_weights_that_do_not_fit_are_named(static_config, oracle, refusal_of):
    published = oracle(static_config()).state_dict()
    del published["mixer.blocks.1.mha.Q"]
    published["decoder.delta_net.0.bias"] = torch.zeros(3)
    published["decoder.const"] = torch.zeros(1)
    told = refusal_of(PhysGTO, published, static_config())
    assert "missing: mixer.blocks.1.mha.Q" in told
    assert "unknown: decoder.const" in told
    assert "decoder.delta_net.0.bias (3,), expected (16,)" in told


def test_weights_of_the_other_variant_are_refused(static_config, transient_config, oracle):
    published = oracle(transient_config()).state_dict()
    with pytest.raises(ModelFileError, match="unknown: "):
        PhysGTO.from_official(published, static_config())
