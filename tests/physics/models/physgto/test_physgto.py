"""What every model of fields on meshes must hold, and what PhysGTO adds."""

import dataclasses

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import PhysGTO, PhysGTOConfig, StaticTask, TransientTask

ROUNDING = 1e-10  # double precision
FLOAT_ROUNDING = 1e-5  # single precision
NOTICEABLE = 1e-6
OVERFIT = 0.02  # mean squared error against targets of variance one


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


class OnTensors(nn.Module):
    """A model called with tensors, as torch's exporter wants it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x, edge_index, ptr, positions, conditions):
        batch = GraphBatch(
            x=x, edge_index=edge_index, ptr=ptr, positions=positions, conditions=conditions
        )
        return self.model(batch)


def tensors(batch):
    return batch.x, batch.edge_index, batch.ptr, batch.positions, batch.conditions


def test_a_batch_gives_what_its_cases_give_one_by_one(model, config, cases):
    alone = cases(config)
    together = model(GraphBatch.concatenate(alone))
    torch.testing.assert_close(
        together, torch.cat([model(one) for one in alone]), atol=ROUNDING, rtol=0
    )


def test_relabelling_nodes_relabels_outputs(model, config, case):
    one = case(config, 9, 20, seed=1)
    new_name = torch.randperm(9, generator=torch.Generator().manual_seed(2))
    old_name = new_name.argsort()
    relabelled = dataclasses.replace(
        one,
        x=one.x[old_name],
        positions=one.positions[old_name],
        edge_index=new_name[one.edge_index],
        target=None,
    )
    torch.testing.assert_close(model(relabelled), model(one)[old_name], atol=ROUNDING, rtol=0)


def test_the_order_of_the_edges_does_not_matter(model, config, case):
    one = case(config, 9, 20, seed=1)
    shuffled = dataclasses.replace(one, edge_index=one.edge_index.flip(1))
    torch.testing.assert_close(model(shuffled), model(one), atol=ROUNDING, rtol=0)


def test_the_direction_of_an_edge_matters(model, config, case):
    one = case(config, 9, 20, seed=1)
    turned = dataclasses.replace(one, edge_index=one.edge_index.flip(0))
    assert (model(turned) - model(one)).abs().max() > NOTICEABLE


def test_no_gradient_passes_between_cases(model, config, cases):
    batch = GraphBatch.concatenate(cases(config))
    x = batch.x.clone().requires_grad_()
    output = model(dataclasses.replace(batch, x=x))
    first, last = batch.batch == 0, batch.batch == 2
    (gradient,) = torch.autograd.grad(output[first].sum(), x)
    assert gradient[first].abs().max() > 0
    assert gradient[last].abs().max() == 0


def test_conditions_reach_every_node(static_config, case):
    config = static_config(task=StaticTask(node_features=2, fields=3, conditions=2))
    model = PhysGTO(config).double().eval()
    one = case(config, 9, 12, seed=1)
    changed = dataclasses.replace(one, conditions=one.conditions + 1)
    assert ((model(changed) - model(one)).abs().max(dim=1).values > 0).all()


def test_eight_samples_can_be_learned_by_heart(config, cases):
    torch.manual_seed(0)
    model = PhysGTO(dataclasses.replace(config, dropout=0.0, hidden=48, blocks=1))
    sizes = [(3 + k % 3, 5) for k in range(8)]
    batch = GraphBatch.concatenate(cases(config, torch.float32, sizes))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(200):
        loss = (model(batch) - batch.target).square().mean()
        if loss < OVERFIT:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < OVERFIT


def test_a_saved_model_gives_the_same_bits(config, cases, tmp_path):
    model = PhysGTO(config).eval()
    batch = GraphBatch.concatenate(cases(config, torch.float32))
    model.save_pretrained(tmp_path)
    loaded = PhysGTO.from_pretrained(tmp_path)
    assert loaded.config == config
    assert torch.equal(loaded(batch), model(batch))


def test_two_runs_give_the_same_bits(model, config, cases):
    batch = GraphBatch.concatenate(cases(config))

    def gradients():
        loss = model(batch).square().sum()
        return torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)

    for first, second in zip(gradients(), gradients(), strict=True):
        assert first is None or torch.equal(first, second)


def test_a_case_without_nodes_leaves_the_others_alone(model, config, cases):
    batch = GraphBatch.concatenate(cases(config))
    middle = torch.cat([batch.ptr[:2], batch.ptr[1:]])
    conditions = batch.conditions
    if conditions is not None:
        conditions = conditions[[0, 0, 1, 2, 3]]
    with_empty = dataclasses.replace(batch, ptr=middle, conditions=conditions)
    torch.testing.assert_close(model(with_empty), model(batch), atol=ROUNDING, rtol=0)
    model(with_empty).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("kind", ["static", "surface", "transient"])
def test_one_case_compiles_into_one_graph(kind, one_block, case):
    model = OnTensors(PhysGTO(one_block[kind]).eval())
    one = tensors(case(one_block[kind], 9, 20, seed=1, dtype=torch.float32))
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend="eager")
    torch.testing.assert_close(compiled(*one), model(*one), atol=FLOAT_ROUNDING, rtol=0)


@pytest.mark.parametrize("kind", ["static", "surface", "transient"])
@torch._dynamo.config.patch(capture_scalar_outputs=True)  # the size of the largest case
def test_several_cases_compile_into_one_graph(kind, one_block, cases):
    model = OnTensors(PhysGTO(one_block[kind]).eval())
    batch = tensors(GraphBatch.concatenate(cases(one_block[kind], torch.float32)))
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend="eager")
    torch.testing.assert_close(compiled(*batch), model(*batch), atol=FLOAT_ROUNDING, rtol=0)


def test_an_exported_model_takes_a_case_of_any_size(config, case):
    model = OnTensors(PhysGTO(config).eval())
    any_size = torch.export.Dim.AUTO
    conditions = {} if config.task.conditions else None
    shapes = ({0: any_size}, {1: any_size}, {}, {0: any_size}, conditions)
    example = tensors(case(config, 9, 20, seed=1, dtype=torch.float32))
    exported = torch.export.export(model, example, dynamic_shapes=shapes).module()
    other = tensors(case(config, 13, 31, seed=2, dtype=torch.float32))
    torch.testing.assert_close(exported(*other), model(*other), atol=FLOAT_ROUNDING, rtol=0)


def test_an_exported_model_takes_any_number_of_cases(config, cases):
    model = OnTensors(PhysGTO(config).eval())
    any_size = torch.export.Dim.AUTO
    conditions = {0: any_size} if config.task.conditions else None
    shapes = ({0: any_size}, {1: any_size}, {0: any_size}, {0: any_size}, conditions)
    two = GraphBatch.concatenate(cases(config, torch.float32, [(9, 20), (5, 8)]))
    exported = torch.export.export(model, tensors(two), dynamic_shapes=shapes).module()
    four = tensors(GraphBatch.concatenate(cases(config, torch.float32)))
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
def test_a_model_without_a_head_for_drag_says_so(conditioning, static_config, case):
    config = static_config(conditioning=conditioning)
    with pytest.raises(ConfigError, match="no head for drag"):
        PhysGTO(config).drag(case(config, 9, 12, seed=1, dtype=torch.float32))


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions": None}, "needs positions with 2 columns"),
        ({"conditions": None}, "needs conditions with 2 columns"),
        ({"x": torch.zeros(9, 5)}, "x must be floating point with 2 columns"),
        ({"x": torch.zeros(9, 2, dtype=torch.int64)}, "torch.int64"),
        ({"positions": torch.zeros(9, 3)}, "positions must be floating point with 2 columns"),
    ],
)
def test_a_batch_that_lacks_something_is_refused(changes, message, static_config, case):
    config = static_config(task=StaticTask(node_features=2, fields=3, conditions=2))
    one = dataclasses.replace(case(config, 9, 12, seed=1, dtype=torch.float32), **changes)
    with pytest.raises(ShapeError, match=message):
        PhysGTO(config)(one)


def test_a_transient_step_adds_the_scaled_increment(transient_config, cases):
    config = transient_config()
    half = dataclasses.replace(config, task=dataclasses.replace(config.task, increment=0.5))
    whole_step, half_step = PhysGTO(config).double().eval(), PhysGTO(half).double().eval()
    half_step.load_state_dict(whole_step.state_dict())
    batch = GraphBatch.concatenate(cases(config))
    state = batch.x[:, :2]
    torch.testing.assert_close(
        half_step(batch) - state, 0.5 * (whole_step(batch) - state), atol=ROUNDING, rtol=0
    )
