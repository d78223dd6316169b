"""What PhysGTO adds to what every model of fields on meshes must hold."""

import dataclasses

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import PhysGTO, PhysGTOConfig, StaticTask, TransientTask

ROUNDING = 1e-10  # double precision
FLOAT_ROUNDING = 1e-5  # single precision
NOTICEABLE = 1e-6


@pytest.fixture
def model(config):
    torch.manual_seed(0)
    return PhysGTO(config).double().eval()


@pytest.fixture
def one_block(static_config, surface_config, transient_config):
    with_conditions = StaticTask(node_features=2, fields=3, conditions=2)
    return {
        "static": static_config(task=with_conditions, blocks=1),
        "surface": surface_config(blocks=1),
        "transient": transient_config(blocks=1),
    }


def test_the_direction_of_an_edge_matters(model, config, field_case):
    one = field_case(config, dtype=torch.float64)
    turned = dataclasses.replace(one, edge_index=one.edge_index.flip(0))
    assert (model(turned) - model(one)).abs().max() > NOTICEABLE


@pytest.mark.parametrize("kind", ["static", "surface", "transient"])
def test_one_case_compiles_into_one_graph(kind, one_block, on_tensors, tensors, field_case):
    model = on_tensors(PhysGTO(one_block[kind]).eval())
    one = tensors(field_case(one_block[kind]))
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend="eager")
    torch.testing.assert_close(compiled(*one), model(*one), atol=FLOAT_ROUNDING, rtol=0)


def test_an_exported_model_takes_any_number_of_cases(config, on_tensors, tensors, field_cases):
    model = on_tensors(PhysGTO(config).eval())
    any_size = torch.export.Dim.AUTO
    conditions = {0: any_size} if config.task.conditions else None
    shapes = ({0: any_size}, {1: any_size}, {0: any_size}, {0: any_size}, conditions)
    two = GraphBatch.concatenate(field_cases(config, sizes=[(9, 40), (5, 16)]))
    exported = torch.export.export(model, tensors(two), dynamic_shapes=shapes).module()
    four = tensors(GraphBatch.concatenate(field_cases(config)))
    torch.testing.assert_close(exported(*four), model(*four), atol=FLOAT_ROUNDING, rtol=0)


def test_presets_are_found_by_name():
    assert PhysGTO.preset("heat-flow").config == PhysGTOConfig.heat_flow()


def test_xavier_initialisation_sets_every_linear_bias(static_config):
    model = PhysGTO(static_config(xavier=True, attention="three steps"))
    biases = [m.bias for m in model.modules() if isinstance(m, nn.Linear) and m.bias is not None]
    packed = [m.in_proj_bias for m in model.modules() if isinstance(m, nn.MultiheadAttention)]
    assert biases
    assert packed
    biases += packed
    assert all((bias == 0.01).all() for bias in biases)


@pytest.mark.parametrize("conditioning", ["joined", "added"])
def test_a_model_without_a_head_for_drag_says_so(conditioning, static_config, field_case):
    config = static_config(conditioning=conditioning)
    with pytest.raises(ConfigError, match="no head for drag"):
        PhysGTO(config).drag(field_case(config))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 15}, "multiple of heads"),
        ({"space": 4}, "space must be 2 or 3"),
        ({"heads": 0}, "heads must be at least 1"),
        ({"dropout": 1.0}, "dropout must lie in"),
        ({"activation": "selu"}, "did you mean 'silu'"),
        ({"edge_direction": "none"}, "edge_direction must be single or both"),
        ({"conditioning": "times"}, "conditioning must be joined or added"),
        ({"attention": "one step"}, "attention must be 'projected' or 'three steps'"),
        ({"conditioning": "added", "task": TransientTask()}, "in a static task only"),
        ({"drag": True}, "drag needs conditioning='added'"),
    ],
)
def test_impossible_settings_are_refused(changes, message, static_config):
    with pytest.raises(ConfigError, match=message):
        static_config(**changes)


def test_a_transient_step_adds_the_scaled_increment(transient_config, field_cases):
    config = transient_config()
    half = dataclasses.replace(config, task=dataclasses.replace(config.task, increment=0.5))
    whole_step, half_step = PhysGTO(config).double().eval(), PhysGTO(half).double().eval()
    half_step.load_state_dict(whole_step.state_dict())
    batch = GraphBatch.concatenate(field_cases(config, torch.float64))
    state = batch.x[:, :2]
    torch.testing.assert_close(
        half_step(batch) - state, 0.5 * (whole_step(batch) - state), atol=ROUNDING, rtol=0
    )
