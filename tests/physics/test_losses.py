"""Losses of fields against their formulas, case by case."""

import dataclasses

import pytest
import torch

from graphformers.errors import ConfigError, DataError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.physics import Surrogate, SurrogateConfig
from graphformers.physics.losses import LOSSES, MeanSquares, RelativeH1, RelativeL2
from graphformers.physics.models import TransolverConfig
from graphformers.training import TrainingConfig
from graphformers.training.objective import Objective

SIDE = 12  # points of a grid
ROUNDING = 1e-12
OBJECTIVES = {"l2": RelativeL2(), "squares": MeanSquares(), "h1": RelativeH1()}


def grid(rows, columns, seed=0, lengths=(1.0, 1.0)):
    generator = torch.Generator().manual_seed(seed)
    y, x = (torch.arange(n, dtype=torch.float64) / n * s for n, s in zip(
        (rows, columns), lengths, strict=True))  # fmt: skip
    nodes = rows * columns
    return GraphBatch(
        x=torch.zeros(nodes, 1, dtype=torch.float64),
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        ptr=torch.tensor([0, nodes]),
        positions=torch.cartesian_prod(y, x).flip(1),
        target=torch.randn(nodes, 2, generator=generator, dtype=torch.float64),
        target_per_node=True,
    )


@pytest.fixture
def batch():
    return GraphBatch.concatenate([grid(4, 5), grid(3, 3, 1), grid(4, 5, 2)])


@pytest.fixture
def prediction(batch):
    generator = torch.Generator().manual_seed(9)
    return batch.target + torch.randn(batch.target.shape, generator=generator, dtype=torch.float64)


@pytest.fixture(params=OBJECTIVES)
def objective(request):
    return OBJECTIVES[request.param]


def test_relative_l2_is_the_mean_of_the_ratios_of_the_cases(batch, prediction):
    ratios = [
        (p - t).norm() / t.norm()
        for p, t in zip(prediction.split([20, 9, 20]), batch.target.split([20, 9, 20]), strict=True)
    ]
    expected = torch.stack(ratios).mean()
    torch.testing.assert_close(
        RelativeL2().loss(prediction, batch), expected, atol=ROUNDING, rtol=0
    )


def test_mean_squares_weigh_fields(batch, prediction):
    squares = (prediction - batch.target).square().mean(0)
    loss = MeanSquares((1.0, 3.0)).loss(prediction, batch)
    torch.testing.assert_close(loss, 0.25 * squares[0] + 0.75 * squares[1], atol=ROUNDING, rtol=0)
    torch.testing.assert_close(
        MeanSquares().loss(prediction, batch), squares.mean(), atol=ROUNDING, rtol=0
    )


def slopes(values, step):
    """Central differences, one-sided at the ends, along the first axis."""
    inside = (values[2:] - values[:-2]) / (2 * step)
    first, last = (values[1] - values[0]) / step, (values[-1] - values[-2]) / step
    return torch.cat([first[None], inside, last[None]])


def h1_size(values, steps):
    down = slopes(values, steps[0])
    right = slopes(values.transpose(0, 1), steps[1]).transpose(0, 1)
    squares = (down.square() + right.square()).sum(-1)
    return values.square().sum(-1).mean().sqrt() + squares.mean().sqrt()


@pytest.mark.parametrize("unit", [False, True])
def test_relative_h1_is_the_mean_of_the_ratios_of_the_grids(unit, batch, prediction):
    ratios = []
    parts = zip(prediction.split([20, 9, 20]), batch.target.split([20, 9, 20]), strict=True)
    for (p, t), shape in zip(parts, [(4, 5), (3, 3), (4, 5)], strict=True):
        p, t = p.view(*shape, 2), t.view(*shape, 2)
        steps = (1.0, 1.0) if unit else (1 / shape[0], 1 / shape[1])
        ratios.append(h1_size(p - t, steps) / h1_size(t, steps))
    expected = torch.stack(ratios).mean()
    loss = RelativeH1(unit_spacing=unit).loss(prediction, batch)
    torch.testing.assert_close(loss, expected, atol=ROUNDING, rtol=0)


def wave_loss(side, objective):
    """The loss of a wave predicted with an eighth too much of its double."""
    batch = grid(side, side)
    angle = 2 * torch.pi * batch.positions.sum(1, keepdim=True)
    target = angle.sin()
    batch = dataclasses.replace(batch, target=target)
    return float(objective.loss(target + 0.125 * (2 * angle).sin(), batch))


def test_relative_h1_means_the_same_at_every_resolution_unless_steps_count_one():
    true = [wave_loss(side, RelativeH1()) for side in (64, 128)]
    unit = [wave_loss(side, RelativeH1(unit_spacing=True)) for side in (64, 128)]
    assert abs(true[1] / true[0] - 1) < 0.01
    assert abs(unit[1] / unit[0] - 1) > 0.02


def test_a_perfect_prediction_has_no_loss_and_a_finite_gradient(objective, batch):
    exact = batch.target.clone().requires_grad_()
    loss = objective.loss(exact, batch)
    loss.backward()
    assert loss.item() < ROUNDING
    assert exact.grad.isfinite().all()


def test_every_loss_serves_training(objective, batch, prediction):
    assert isinstance(objective, Objective)
    figures = objective.figures(prediction, batch.target)
    assert figures[objective.monitor] > 0
    assert objective.figures(batch.target, batch.target)[objective.monitor] == 0


def test_gradients_are_those_of_finite_differences(objective, batch, prediction):
    prediction = prediction.requires_grad_()
    assert torch.autograd.gradcheck(lambda one: objective.loss(one, batch), [prediction])


@pytest.mark.parametrize("objective", [RelativeL2(), MeanSquares()], ids=["l2", "squares"])
def test_numbers_that_are_not_known_are_left_out(objective, batch, prediction):
    known = torch.ones_like(prediction, dtype=torch.bool)
    known[[0, 7, 30], [0, 1, 0]] = False
    elsewhere = torch.where(known, prediction, 1e6)
    masked = dataclasses.replace(batch, target=batch.target.masked_fill(~known, torch.nan))
    loss = objective.loss(elsewhere, masked)
    expected = objective.loss(prediction, masked)
    torch.testing.assert_close(loss, expected, atol=ROUNDING, rtol=0)
    assert loss.isfinite()


def test_a_case_without_nodes_counts_nothing(batch, prediction):
    with_empty = dataclasses.replace(batch, ptr=torch.cat([batch.ptr[:2], batch.ptr[1:]]))
    for objective in OBJECTIVES.values():
        expected = objective.loss(prediction, batch)
        torch.testing.assert_close(objective.loss(prediction, with_empty), expected)


def test_figures_name_the_error_of_every_field(batch, prediction):
    figures = MeanSquares().figures(prediction, batch.target)
    squares = (prediction - batch.target).square().mean(0)
    assert figures["field_1"] == pytest.approx(float(squares[1].sqrt()))
    assert figures["error"] == pytest.approx(float(squares.mean().sqrt()))


def test_fields_that_are_missing_or_do_not_match_are_refused(objective, batch, prediction):
    with pytest.raises(DataError, match="carry none"):
        objective.loss(prediction, dataclasses.replace(batch, target=None))


def test_predictions_of_another_shape_are_refused(batch, prediction):
    with pytest.raises(ShapeError, match=r"got \(49, 1\) and \(49, 2\)"):
        RelativeL2().loss(prediction[:, :1], batch)


def test_h1_needs_grids(batch, prediction):
    with pytest.raises(ShapeError, match="not a regular grid"):
        RelativeH1().loss(
            prediction, dataclasses.replace(batch, positions=torch.rand_like(batch.positions))
        )
    with pytest.raises(DataError, match="need positions"):
        RelativeH1().loss(prediction, dataclasses.replace(batch, positions=None))


@pytest.mark.parametrize("weights", [(), (1.0, -1.0), (0.0, 0.0)])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(ConfigError, match="must not be negative nor all zero"):
        MeanSquares(weights)


def test_one_weight_for_two_fields_is_refused(batch, prediction):
    with pytest.raises(ConfigError, match="one weight for each of 2 fields; got 1"):
        MeanSquares((1.0,)).loss(prediction, batch)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_surrogate_learns_from_every_loss(loss, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "cache"))
    x = torch.randn(4, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    torch.save({"x": x, "y": 2 * x}, tmp_path / f"double_train_{SIDE}.pt")
    config = SurrogateConfig(
        architecture=TransolverConfig(dim=16, heads=2, slices=2, blocks=1),
        training=TrainingConfig(epochs=30, batch_size=2, learning_rate=1e-2, warmup_epochs=0),
        point_share=1.0,
        loss=loss,
    )
    surrogate = Surrogate("transolver", config).fit(tmp_path, ("y",), inputs=("x",))
    errors = [row["validation_error"] for row in surrogate.history_.rows]
    assert min(errors) < 0.5 * errors[0]


@pytest.mark.parametrize("shares", [{}, {"point_share": 0.5}])
def test_gradients_on_a_part_of_a_grid_are_refused(shares, ring_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ConfigError, match="needs whole grids: ask for a point_share of 1"):
        Surrogate("transolver", SurrogateConfig(loss="h1", **shares)).fit(ring_folder, ("p",))


def test_a_loss_nobody_has_is_refused():
    with pytest.raises(ConfigError, match=r"no loss 'relative-l1'.*relative-l2"):
        SurrogateConfig(loss="relative-l1")
