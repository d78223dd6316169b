"""What every model of fields on meshes must hold, whatever is inside it."""

import dataclasses

import pytest
import torch
from torch import nn

from graphformers.errors import ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import (
    ABUPTField,
    ABUPTFieldConfig,
    MeshGraphNet,
    MeshGraphNetConfig,
    MeshTransformer,
    MeshTransformerConfig,
    PhysGTO,
    PhysGTOConfig,
    StaticTask,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
    TransientTask,
    Transolver,
    TransolverConfig,
    VoltField,
    VoltFieldConfig,
)

ROUNDING = 1e-10  # double precision
FLOAT_ROUNDING = 1e-5  # single precision
HALF_PRECISION = 0.05  # relative, of activations with eight bits
OVERFIT = 0.02  # mean squared error against targets of variance one
STATIC = StaticTask(node_features=2, fields=3, conditions=2)
TRANSIENT = TransientTask(fields=2, node_types=3)
TASKS = {
    "static": (STATIC, 2),
    "transient": (TRANSIENT, 2),
    "static 3-D": (StaticTask(node_features=1, fields=1), 3),
}
PHYSGTO = {"dim": 16, "heads": 2, "tokens": 5, "blocks": 1, "octaves": 3, "hidden": 24}
SIZES = {
    "ab-upt": (
        ABUPTField,
        ABUPTFieldConfig,
        {"dim": 16, "heads": 2, "supernodes": 3, "surface_anchors": 3, "volume_anchors": 4}
        | {"blocks": ("perceiver", "cross"), "position_scale": 3.0, "radius": 0.5},
    ),
    "mesh-graph-net": (MeshGraphNet, MeshGraphNetConfig, {"dim": 16, "steps": 1}),
    "mesh-transformer": (
        MeshTransformer,
        MeshTransformerConfig,
        {"dim": 16, "heads": 2, "blocks": 1, "rotary_base": 10.0, "global_tokens": 2},
    ),
    "physgto": (PhysGTO, PhysGTOConfig, PHYSGTO),
    "physgto, surface": (
        PhysGTO,
        PhysGTOConfig,
        PHYSGTO | {"conditioning": "added", "attention": "three steps"},
    ),
    "transformer-operator": (
        TransformerNeuralOperator,
        TransformerNeuralOperatorConfig,
        {"dim": 16, "heads": 2, "layers": 1, "feed_forward": 32},
    ),
    "transolver": (
        Transolver,
        TransolverConfig,
        {"dim": 16, "heads": 2, "slices": 4, "blocks": 1},
    ),
    "volt": (
        VoltField,
        VoltFieldConfig,
        {"dim": 32, "heads": 2, "depth": 1, "decoder_dim": 32, "voxel": 0.2, "drop_path": 0.0},
    ),
}


CONDITIONS_ARE_ADDED = "physgto, surface"  # which a static task with conditions alone can do
DIRECTED = ("physgto", "physgto, surface")  # the ends of an edge play different roles


def on(*tasks, without=()):
    """Every model, on each of the tasks that it can do."""
    names = [name for name in SIZES if name not in without]
    pairs = [
        pytest.param((name, task), id=f"{task}-{name}")
        for task in tasks
        for name in names
        if task == "static" or name != CONDITIONS_ARE_ADDED
    ]
    return pytest.mark.parametrize("model", pairs, indirect=True)


@pytest.fixture
def model(request):
    """A small model of one kind for one task, in double precision."""
    name, task_name = request.param
    kind, config_class, sizes = SIZES[name]
    task, space = TASKS[task_name]
    torch.manual_seed(0)
    return kind(config_class(task=task, space=space, **sizes)).double().eval()


@on(*TASKS)
def test_a_batch_gives_what_its_cases_give_one_by_one(model, field_cases):
    alone = field_cases(model.config, torch.float64)
    together = model(GraphBatch.concatenate(alone))
    assert together.shape == (sum(one.num_nodes for one in alone), model.config.task.fields)
    expected = torch.cat([model(one) for one in alone])
    torch.testing.assert_close(together, expected, atol=ROUNDING, rtol=0)


@on(*TASKS)
def test_relabelling_nodes_relabels_outputs(model, field_case):
    one = field_case(model.config, dtype=torch.float64)
    new_name = torch.randperm(one.num_nodes, generator=torch.Generator().manual_seed(2))
    old_name = new_name.argsort()
    relabelled = dataclasses.replace(
        one,
        x=one.x[old_name],
        positions=one.positions[old_name],
        edge_index=new_name[one.edge_index].flip(1),
        target=None,
    )
    torch.testing.assert_close(model(relabelled), model(one)[old_name], atol=ROUNDING, rtol=0)


@on(*TASKS, without=DIRECTED)
def test_the_stored_direction_of_an_edge_does_not_matter(model, field_case):
    one = field_case(model.config, dtype=torch.float64)
    turned = dataclasses.replace(one, edge_index=one.edge_index.flip(0))
    torch.testing.assert_close(model(turned), model(one), atol=ROUNDING, rtol=0)


@on(*TASKS)
def test_no_gradient_passes_between_cases(model, field_cases):
    batch = GraphBatch.concatenate(field_cases(model.config, torch.float64))
    x = batch.x.clone().requires_grad_()
    output = model(dataclasses.replace(batch, x=x))
    own = batch.batch == 2
    (gradient,) = torch.autograd.grad(output[own].sum(), x)
    assert gradient[own].abs().max() > 0
    assert gradient[~own].abs().max() == 0


@on("static")
def test_conditions_reach_every_node(model, field_case):
    one = field_case(model.config, dtype=torch.float64)
    changed = dataclasses.replace(one, conditions=one.conditions + 1)
    assert ((model(changed) - model(one)).abs().max(dim=1).values > 0).all()


@on(*TASKS)
def test_a_case_without_nodes_leaves_the_others_alone(model, field_cases):
    batch = GraphBatch.concatenate(field_cases(model.config, torch.float64))
    conditions = batch.conditions
    with_empty = dataclasses.replace(
        batch,
        ptr=torch.cat([batch.ptr[:2], batch.ptr[1:]]),
        conditions=None if conditions is None else conditions[[0, 0, 1, 2, 3]],
    )
    output = model(with_empty)
    torch.testing.assert_close(output, model(batch), atol=ROUNDING, rtol=0)
    output.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@on("static", "transient")
def test_eight_samples_can_be_learned_by_heart(model, field_cases, error_by_heart):
    model = model.float().train()
    sizes = [(3 + k % 3, 8) for k in range(8)]
    batch = GraphBatch.concatenate(field_cases(model.config, sizes=sizes))
    assert error_by_heart(model, batch, OVERFIT) < OVERFIT


@on(*TASKS)
def test_a_saved_model_gives_the_same_bits(model, field_cases, tmp_path):
    model = model.float()
    batch = GraphBatch.concatenate(field_cases(model.config))
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path)
    assert loaded.config == model.config
    assert torch.equal(loaded(batch), model(batch))


@on(*TASKS)
def test_two_runs_give_the_same_bits(model, field_cases):
    batch = GraphBatch.concatenate(field_cases(model.config, torch.float64))

    def gradients():
        loss = model(batch).square().sum()
        return torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)

    for first, second in zip(gradients(), gradients(), strict=True):
        assert first is None or torch.equal(first, second)


@on("static")
@torch._dynamo.config.patch(capture_scalar_outputs=True)  # the size of the largest case
def test_it_compiles_into_one_graph(model, on_tensors, tensors, field_cases):
    torch.compiler.reset()  # the limit of recompilations counts those of all models together
    model = on_tensors(model.float())
    batch = tensors(GraphBatch.concatenate(field_cases(model.model.config)))
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend="eager")
    torch.testing.assert_close(compiled(*batch), model(*batch), atol=FLOAT_ROUNDING, rtol=0)


@on("static")
def test_an_exported_model_takes_a_case_of_any_size(model, on_tensors, tensors, field_case):
    model = on_tensors(model.float())
    any_size = torch.export.Dim.AUTO
    shapes = ({0: any_size}, {1: any_size}, {}, {0: any_size}, {})
    config = model.model.config
    example = tensors(field_case(config))
    exported = torch.export.export(model, example, dynamic_shapes=shapes).module()
    other = tensors(field_case(config, 13, 60, seed=2))
    torch.testing.assert_close(exported(*other), model(*other), atol=FLOAT_ROUNDING, rtol=0)


@on("transient")
def test_a_transient_model_predicts_the_change_of_the_state(model, field_case):
    one = field_case(model.config, dtype=torch.float64)
    for linear in (part for part in model.modules() if isinstance(part, nn.Linear)):
        for parameter in linear.parameters():
            nn.init.zeros_(parameter)
    assert torch.equal(model(one), one.x[:, : TRANSIENT.fields])


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
@on("static")
def test_a_batch_that_lacks_something_is_refused(changes, message, model, field_case):
    model = model.float()
    one = dataclasses.replace(field_case(model.config), **changes)
    with pytest.raises(ShapeError, match=message):
        model(one)


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@on(*TASKS)
def test_a_copy_in_half_precision_gives_nearly_the_same_and_gradients(half, model, field_cases):
    model = model.float()
    batch = GraphBatch.concatenate(field_cases(model.config, torch.float32))
    expected = model(batch)
    model.to(half)
    narrow = dataclasses.replace(
        batch,
        x=batch.x.to(half),
        conditions=None if batch.conditions is None else batch.conditions.to(half),
    )
    output = model(narrow)
    assert output.dtype == half
    output.float().square().mean().backward()
    assert all(one.grad is None or one.grad.isfinite().all() for one in model.parameters())
    error = (output - expected).norm() / expected.norm()
    assert error < HALF_PRECISION


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@on(*TASKS)
def test_mixed_precision_gives_nearly_the_same_and_gradients(half, model, field_cases):
    model = model.float().train()
    batch = GraphBatch.concatenate(field_cases(model.config, torch.float32))
    with torch.no_grad():
        torch.manual_seed(0)
        expected = model(batch)
    torch.manual_seed(0)
    with torch.autocast("cpu", dtype=half):
        output = model(batch)
    output.float().square().mean().backward()
    assert all(one.grad is None or one.grad.isfinite().all() for one in model.parameters())
    error = (output - expected).norm() / expected.norm()
    assert error < HALF_PRECISION
