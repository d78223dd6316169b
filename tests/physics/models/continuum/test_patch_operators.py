"""What operators on the patches of a grid promise beyond their equations."""

import dataclasses

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import StaticTask, TransientTask

ROUNDING = 1e-10  # double precision
FLOAT_ROUNDING = 1e-5  # single precision
NOTICEABLE = 1e-6
OVERFIT = 0.02  # mean squared error against targets of variance one
STATIC = StaticTask(node_features=2, fields=3, conditions=2)
TRANSIENT = TransientTask(fields=2, node_types=3)


@pytest.mark.parametrize("task", [STATIC, TRANSIENT], ids=["static", "transient"])
def test_grids_of_different_shape_give_what_they_give_one_by_one(
    kind, task, patch_model, grid_case
):
    model = patch_model(kind, task).double().eval()
    shapes = [(8, 8), (4, 16), (8, 8), (6, 4), (16, 4)]
    cases = [grid_case(task, *shape, seed) for seed, shape in enumerate(shapes)]
    together = model(GraphBatch.concatenate(cases))
    alone = torch.cat([model(one) for one in cases])
    torch.testing.assert_close(together, alone, atol=ROUNDING, rtol=0)


def test_a_batch_gives_what_its_grids_give(kind, patch_model, grid_case):
    model = patch_model(kind, StaticTask(node_features=2)).double()
    case = grid_case(model.config.task, 8, 6)
    on_grid = model.on_grid(case.x.view(1, 8, 6, 2))
    torch.testing.assert_close(model(case), on_grid.view(-1, 1), atol=ROUNDING, rtol=0)


def test_no_gradient_passes_between_grids(kind, patch_model, grid_case):
    model = patch_model(kind).double()
    batch = GraphBatch.concatenate([grid_case(STATIC, 4, 4, seed) for seed in range(3)])
    x = batch.x.clone().requires_grad_()
    own = batch.batch == 1
    output = model(dataclasses.replace(batch, x=x))
    (gradient,) = torch.autograd.grad(output[own].sum(), x)
    assert gradient[own].abs().max() > 0
    assert gradient[~own].abs().max() == 0


@pytest.mark.parametrize("x_fastest", [True, False])
def test_either_coordinate_may_run_along_the_rows(kind, x_fastest, patch_model, grid_case):
    model = patch_model(kind).double()
    case = grid_case(STATIC, 4, 8, x_fastest=x_fastest)
    assert model(case).shape == (32, 3)
    mirrored = dataclasses.replace(case, positions=-case.positions)
    assert model(mirrored).shape == (32, 3)


def disturbed(case, node, by):
    positions = case.positions.clone()
    positions[node] += torch.tensor(by, dtype=positions.dtype)
    return dataclasses.replace(case, positions=positions)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda case: disturbed(case, 5, (0.1, 0.0)), "nodes of case 1 are not a regular grid"),
        (lambda case: disturbed(case, 15, (0.0, 0.02)), "nodes of case 1 are not a regular grid"),
        (lambda case: dataclasses.replace(case, positions=case.positions.flip(0)[torch.randperm(
            16, generator=torch.Generator().manual_seed(0))]), "TransformerNeuralOperator takes"),
    ],
    ids=["bent", "uneven", "shuffled"],
)  # fmt: skip
def test_nodes_that_are_no_grid_are_refused(change, message, kind, patch_model, grid_case):
    regular = grid_case(STATIC, 4, 4)
    batch = GraphBatch.concatenate([regular, change(grid_case(STATIC, 4, 4))])
    with pytest.raises(ShapeError, match=message):
        patch_model(kind).double()(batch)


def test_grids_that_cannot_be_cut_are_refused(kind, patch_model, grid_case):
    with pytest.raises(ShapeError, match=r"grid of \(4, 6\) points cannot be cut into \(4, 4\)"):
        patch_model(kind, patches=(4, 4)).double()(grid_case(STATIC, 4, 6))


def test_three_nodes_are_no_grid(kind, patch_model, grid_case):
    case = dataclasses.replace(grid_case(STATIC, 1, 3), target=None)
    with pytest.raises(ShapeError, match="case 0 has 3 nodes"):
        patch_model(kind).double()(case)


def test_conditions_reach_every_point_of_a_grid(kind, patch_model, grid_case):
    model = patch_model(kind).double()
    case = grid_case(STATIC, 4, 4)
    changed = dataclasses.replace(case, conditions=case.conditions + 1)
    assert ((model(changed) - model(case)).abs().max(dim=1).values > NOTICEABLE).all()


def test_a_transient_model_predicts_the_change_of_the_state(kind, patch_model, grid_case):
    model = patch_model(kind, TRANSIENT).double()
    nn.init.zeros_(model.output.weight)
    nn.init.zeros_(model.output.bias)
    case = grid_case(TRANSIENT, 4, 4)
    assert torch.equal(model(case), case.x[:, : TRANSIENT.fields])


def test_eight_samples_can_be_learned_by_heart(kind, patch_model, grid_case, error_by_heart):
    task = StaticTask(node_features=2, fields=1)
    model = patch_model(kind, task, dim=16, feed_forward=64, modes=(4, 4))
    batch = GraphBatch.concatenate([grid_case(task, 4, 4, k, torch.float32) for k in range(8)])
    assert error_by_heart(model, batch, OVERFIT) < OVERFIT


def test_a_saved_model_gives_the_same_bits(kind, tmp_path, patch_model, grid_case):
    model = patch_model(kind, StaticTask()).eval()
    case = grid_case(StaticTask(), 4, 4, dtype=torch.float32)
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path)
    assert loaded.config == model.config
    assert torch.equal(loaded(case), model(case))


def test_two_runs_give_the_same_bits(kind, patch_model, grid_case):
    model = patch_model(kind)
    case = grid_case(STATIC, 8, 8, dtype=torch.float32)

    def gradients():
        return torch.autograd.grad(model(case).square().sum(), list(model.parameters()))

    for first, second in zip(gradients(), gradients(), strict=True):
        assert torch.equal(first, second)


class OnGrid(nn.Module):
    """A patch operator called with grids, as torch's compiler and exporter want it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs, positions):
        return self.model.on_grid(inputs, positions)


def grid_inputs(grid_case, side, cases=2):
    batch = GraphBatch.concatenate(
        [grid_case(StaticTask(), side, side, seed, torch.float32) for seed in range(cases)]
    )
    return batch.x.view(cases, side, side, 1), batch.positions.view(cases, side, side, 2)


def test_a_patch_operator_compiles_into_one_graph(kind, patch_model, grid_case):
    torch.compiler.reset()
    model = OnGrid(patch_model(kind, StaticTask(), layers=1).eval())
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    inputs = grid_inputs(grid_case, 8)
    torch.testing.assert_close(compiled(*inputs), model(*inputs), atol=FLOAT_ROUNDING, rtol=0)


def test_an_exported_patch_operator_takes_any_number_of_cases(kind, patch_model, grid_case):
    model = OnGrid(patch_model(kind, StaticTask(), layers=1, transform="matrix").eval())
    cases = {0: torch.export.Dim.AUTO}
    exported = torch.export.export(
        model, grid_inputs(grid_case, 8), dynamic_shapes=(cases, cases)
    ).module()
    other = grid_inputs(grid_case, 8, cases=5)
    torch.testing.assert_close(exported(*other), model(*other), atol=FLOAT_ROUNDING, rtol=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": 3}, "space 2; got 3"),
        ({"dim": 9}, "multiple of heads"),
        ({"patches": (4, 0)}, "patches must be two numbers"),
        ({"modes": (4,)}, "modes must be two numbers"),
        ({"smoothing_modes": (0, 4)}, "smoothing_modes must be two numbers"),
        ({"dropout": -0.1}, "dropout must lie in"),
        ({"transform": "dct"}, "transform must be matrix or fft"),
    ],
)
def test_impossible_settings_of_a_patch_operator_are_refused(changes, message, kind, patch_model):
    with pytest.raises(ConfigError, match=message):
        patch_model(kind, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions": None}, "needs positions with 2 columns"),
        ({"conditions": None}, "needs conditions with 2 columns"),
        ({"x": torch.zeros(16, 5)}, "x must be floating point with 2 columns"),
    ],
)
def test_a_batch_that_lacks_something_is_refused(changes, message, kind, patch_model, grid_case):
    case = dataclasses.replace(grid_case(STATIC, 4, 4), **changes)
    with pytest.raises(ShapeError, match=message):
        patch_model(kind).double()(case)
