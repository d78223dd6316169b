"""What the operators promise beyond their equations: grids, points, resolutions, batches."""

import dataclasses
import itertools

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import StaticTask, TransientTask
from graphformers.physics.models.continuum import (
    FourierAttentionNeuralOperator,
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
    ViTNeuralOperator,
    ViTNeuralOperatorConfig,
)

ROUNDING = 1e-10  # double precision
FLOAT_ROUNDING = 1e-5  # single precision
NOTICEABLE = 1e-6
OVERFIT = 0.02  # mean squared error against targets of variance one
LEARNED = 0.05  # relative error of a fit
KEPT = 1.25  # error at another resolution over that of the training data
FIRST_ORDER, SECOND_ORDER = (1.8, 2.2), (3.8, 4.2)  # what halving the spacing divides errors by
NO_EDGES = torch.zeros(2, 0, dtype=torch.int64)
STATIC = StaticTask(node_features=2, fields=3, conditions=2)
TRANSIENT = TransientTask(fields=2, node_types=3)
SMALL = {"dim": 8, "heads": 2, "layers": 2, "feed_forward": 12}
PATCHES = {"patches": (2, 2), "modes": (2, 2)}
KINDS = {
    "vision": (ViTNeuralOperator, ViTNeuralOperatorConfig, {"smoothing_modes": (2, 2)}),
    "fourier": (FourierAttentionNeuralOperator, FourierAttentionNeuralOperatorConfig, {}),
}


def patch_model(kind, task=STATIC, **changes):
    model, config, extra = KINDS[kind]
    torch.manual_seed(0)
    return model(config(task=task, **(SMALL | PATCHES | extra | changes)))


def transformer(**changes):
    torch.manual_seed(0)
    return TransformerNeuralOperator(TransformerNeuralOperatorConfig(**(SMALL | changes)))


def grid_case(task, rows, columns, seed=0, dtype=torch.float64, x_fastest=True):
    """A case on a grid of the unit square, one coordinate along its rows."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    slow, fast = torch.linspace(0, 1, rows, dtype=dtype), torch.linspace(0, 1, columns, dtype=dtype)
    positions = torch.cartesian_prod(slow, fast)
    nodes = rows * columns
    return GraphBatch(
        x=draw(nodes, task.columns),
        edge_index=NO_EDGES,
        ptr=torch.tensor([0, nodes]),
        positions=positions.flip(1) if x_fastest else positions,
        conditions=draw(1, task.conditions) if task.conditions else None,
        target=draw(nodes, task.fields),
        target_per_node=True,
    )


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.mark.parametrize("task", [STATIC, TRANSIENT], ids=["static", "transient"])
def test_grids_of_different_shape_give_what_they_give_one_by_one(kind, task):
    model = patch_model(kind, task).double().eval()
    shapes = [(8, 8), (4, 16), (8, 8), (6, 4), (16, 4)]
    cases = [grid_case(task, *shape, seed) for seed, shape in enumerate(shapes)]
    together = model(GraphBatch.concatenate(cases))
    alone = torch.cat([model(one) for one in cases])
    torch.testing.assert_close(together, alone, atol=ROUNDING, rtol=0)


def test_a_batch_gives_what_its_grids_give(kind):
    model = patch_model(kind, StaticTask(node_features=2)).double()
    case = grid_case(model.config.task, 8, 6)
    on_grid = model.on_grid(case.x.view(1, 8, 6, 2))
    torch.testing.assert_close(model(case), on_grid.view(-1, 1), atol=ROUNDING, rtol=0)


def test_no_gradient_passes_between_grids(kind):
    model = patch_model(kind).double()
    batch = GraphBatch.concatenate([grid_case(STATIC, 4, 4, seed) for seed in range(3)])
    x = batch.x.clone().requires_grad_()
    own = batch.batch == 1
    output = model(dataclasses.replace(batch, x=x))
    (gradient,) = torch.autograd.grad(output[own].sum(), x)
    assert gradient[own].abs().max() > 0
    assert gradient[~own].abs().max() == 0


@pytest.mark.parametrize("x_fastest", [True, False])
def test_either_coordinate_may_run_along_the_rows(kind, x_fastest):
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
def test_nodes_that_are_no_grid_are_refused(change, message, kind):
    regular = grid_case(STATIC, 4, 4)
    batch = GraphBatch.concatenate([regular, change(grid_case(STATIC, 4, 4))])
    with pytest.raises(ShapeError, match=message):
        patch_model(kind).double()(batch)


def test_grids_that_cannot_be_cut_are_refused(kind):
    with pytest.raises(ShapeError, match=r"grid of \(4, 6\) points cannot be cut into \(4, 4\)"):
        patch_model(kind, patches=(4, 4)).double()(grid_case(STATIC, 4, 6))


def test_three_nodes_are_no_grid(kind):
    case = dataclasses.replace(grid_case(STATIC, 1, 3), target=None)
    with pytest.raises(ShapeError, match="case 0 has 3 nodes"):
        patch_model(kind).double()(case)


def test_conditions_reach_every_point_of_a_grid(kind):
    model = patch_model(kind).double()
    case = grid_case(STATIC, 4, 4)
    changed = dataclasses.replace(case, conditions=case.conditions + 1)
    assert ((model(changed) - model(case)).abs().max(dim=1).values > NOTICEABLE).all()


def bump_problem(side, cases=8):
    """A smooth input and its running mean over a quarter of the square, sampled on a grid."""
    generator = torch.Generator().manual_seed(0)
    phase = torch.rand(cases, 2, 1, 1, generator=generator)
    place = torch.arange(side) / side
    x, y = place[None, None, :], place[None, :, None]
    turn = 2 * torch.pi
    u = (turn * (x + phase[:, 0])).sin() + (turn * (y + phase[:, 1])).cos()
    target = 0.5 * (turn * (x + phase[:, 0])).cos() - (turn * (y + phase[:, 1])).sin()
    positions = torch.stack([x.expand(1, side, side), y.expand(1, side, side)], dim=-1)
    return u[..., None], positions.expand(cases, -1, -1, -1), target[..., None]


def relative_error(output, target):
    return ((output - target).square().mean() / target.square().mean()).sqrt().item()


def trained(model, run, target, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (run() - target).square().mean()
        loss.backward()
        optimizer.step()
        schedule.step()


def test_outputs_of_patch_operators_converge_as_the_grid_is_refined(kind):
    model = patch_model(kind, StaticTask(), dim=16).double()
    outputs = {}
    for side in (16, 32, 64, 128):
        u, positions, _ = bump_problem(side, cases=2)
        outputs[side] = model.on_grid(u.double(), positions.double())[
            :, :: side // 16, :: side // 16
        ]
    changes = [relative_error(outputs[2 * side], outputs[side]) for side in (16, 32, 64)]
    assert changes[0] < 0.1
    for coarse, fine in itertools.pairwise(changes):
        assert FIRST_ORDER[0] < coarse / fine < FIRST_ORDER[1]


def test_patch_operators_keep_what_they_learned_at_other_resolutions(kind):
    model = patch_model(kind, StaticTask(), layers=1, dim=16)
    u, positions, target = bump_problem(16)
    trained(model, lambda: model.on_grid(u, positions), target, steps=120)
    errors = {}
    for side in (16, 32, 64):
        u, positions, target = bump_problem(side)
        with torch.no_grad():
            errors[side] = relative_error(model.on_grid(u, positions), target)
    assert errors[16] < 0.5
    assert max(errors[32], errors[64]) < KEPT * errors[16]


def line_problem(times, cases=6):
    """The integral of a wave up to every time."""
    phase = torch.linspace(0, 1, cases)[:, None]
    u = (2 * torch.pi * (times + phase)).cos()
    target = (2 * torch.pi * (times + phase)).sin() - (2 * torch.pi * phase).sin()
    ptr = torch.arange(cases + 1) * len(times)
    positions = times.repeat(cases)[:, None]
    batch = GraphBatch(x=u.reshape(-1, 1), edge_index=NO_EDGES, ptr=ptr, positions=positions)
    return batch, target.reshape(-1, 1)


def test_outputs_of_a_transformer_converge_at_the_rate_of_the_trapezoid_rule():
    model = transformer(dim=16).double()
    outputs = []
    for points in (11, 21, 41, 81):
        batch, _ = line_problem(torch.linspace(0, 1, points, dtype=torch.float64))
        outputs.append(model(batch).view(6, points)[:, :: (points - 1) // 10])
    changes = [relative_error(fine, coarse) for coarse, fine in itertools.pairwise(outputs)]
    for coarse, fine in itertools.pairwise(changes):
        assert SECOND_ORDER[0] < coarse / fine < SECOND_ORDER[1]


def test_times_that_crowd_do_not_count_more():
    """Two thirds of the points in a twentieth of the interval: a plain softmax listens to them."""
    even = torch.linspace(0, 1, 21, dtype=torch.float64)
    crowd = torch.linspace(0.651, 0.699, 40, dtype=torch.float64)
    times, order = torch.cat([even, crowd]).sort()
    shared = (order < len(even)).nonzero()[:, 0]
    changes = {}
    for quadrature in ("always", "never"):
        model = transformer(quadrature=quadrature, dim=16).double()
        alone, crowded = (model(line_problem(one)[0]).view(6, len(one)) for one in (even, times))
        changes[quadrature] = relative_error(crowded[:, shared], alone)
    assert changes["always"] < changes["never"] / 50


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
def test_points_give_in_a_batch_what_they_give_alone_in_any_layout(space, layout):
    model = transformer(task=STATIC, space=space, layout=layout).double().eval()
    sparse = transformer(task=STATIC, space=space, layout="sparse").double().eval()
    cases = [points_case(model.config, nodes, seed) for seed, nodes in enumerate((9, 1, 140, 30))]
    alone = torch.cat([sparse(one) for one in cases])
    together = model(GraphBatch.concatenate(cases))
    torch.testing.assert_close(together, alone, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("space", [1, 2, 3])
def test_relabelling_points_relabels_outputs(space):
    model = transformer(task=STATIC, space=space).double().eval()
    one = points_case(model.config)
    new_name = torch.randperm(9, generator=torch.Generator().manual_seed(2))
    old_name = new_name.argsort()
    relabelled = dataclasses.replace(
        one, x=one.x[old_name], positions=one.positions[old_name],
        edge_index=new_name[one.edge_index],
    )  # fmt: skip
    torch.testing.assert_close(model(relabelled), model(one)[old_name], atol=ROUNDING, rtol=0)


def test_a_point_of_weight_two_counts_like_two_points():
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


def test_no_gradient_passes_between_clouds():
    model = transformer(task=STATIC, space=3).double()
    batch = GraphBatch.concatenate([points_case(model.config, n, n) for n in (5, 7, 4)])
    x = batch.x.clone().requires_grad_()
    own = batch.batch == 1
    output = model(dataclasses.replace(batch, x=x))
    (gradient,) = torch.autograd.grad(output[own].sum(), x)
    assert gradient[own].abs().max() > 0
    assert gradient[~own].abs().max() == 0


def test_a_transient_model_predicts_the_change_of_the_state(kind):
    for model in (
        patch_model(kind, TRANSIENT).double(),
        transformer(task=TRANSIENT, space=2).double(),
    ):
        nn.init.zeros_(model.output.weight)
        nn.init.zeros_(model.output.bias)
        case = grid_case(TRANSIENT, 4, 4)
        assert torch.equal(model(case), case.x[:, : TRANSIENT.fields])


@pytest.mark.parametrize("which", ["vision", "fourier", "transformer"])
def test_eight_samples_can_be_learned_by_heart(which):
    sizes = {"dim": 16, "heads": 2, "layers": 2, "feed_forward": 64}
    task = StaticTask(node_features=2, fields=1)
    if which == "transformer":
        model = transformer(task=task, space=2, **sizes)
    else:
        model = patch_model(which, task, modes=(4, 4), **sizes)
    batch = GraphBatch.concatenate([grid_case(task, 4, 4, k, torch.float32) for k in range(8)])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(400):
        loss = (model(batch) - batch.target).square().mean()
        if loss < OVERFIT:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < OVERFIT


@pytest.mark.parametrize("which", ["vision", "fourier", "transformer"])
def test_a_saved_model_gives_the_same_bits(which, tmp_path):
    model = transformer(space=2) if which == "transformer" else patch_model(which, StaticTask())
    model = model.eval()
    case = grid_case(StaticTask(), 4, 4, dtype=torch.float32)
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path)
    assert loaded.config == model.config
    assert torch.equal(loaded(case), model(case))


def test_two_runs_give_the_same_bits(kind):
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


def grid_inputs(side, cases=2):
    u, positions, _ = bump_problem(side, cases)
    return u, positions


def test_a_patch_operator_compiles_into_one_graph(kind):
    torch.compiler.reset()
    model = OnGrid(patch_model(kind, StaticTask(), layers=1).eval())
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    inputs = grid_inputs(8)
    torch.testing.assert_close(compiled(*inputs), model(*inputs), atol=FLOAT_ROUNDING, rtol=0)


def test_an_exported_patch_operator_takes_any_number_of_cases(kind):
    model = OnGrid(patch_model(kind, StaticTask(), layers=1, transform="matrix").eval())
    cases = {0: torch.export.Dim.AUTO}
    exported = torch.export.export(model, grid_inputs(8), dynamic_shapes=(cases, cases)).module()
    other = grid_inputs(8, cases=5)
    torch.testing.assert_close(exported(*other), model(*other), atol=FLOAT_ROUNDING, rtol=0)


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
def test_impossible_settings_of_a_transformer_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        TransformerNeuralOperatorConfig(**(SMALL | changes))


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
def test_impossible_settings_of_a_patch_operator_are_refused(changes, message, kind):
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
def test_a_batch_that_lacks_something_is_refused(changes, message, kind):
    case = dataclasses.replace(grid_case(STATIC, 4, 4), **changes)
    for model in (patch_model(kind).double(), transformer(task=STATIC, space=2).double()):
        with pytest.raises(ShapeError, match=message):
            model(case)
