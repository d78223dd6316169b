"""Operators learn functions: they answer alike however finely these are sampled."""

import itertools

import torch

from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import StaticTask

KEPT = 1.25  # error at another resolution over that of the training data
FIRST_ORDER, SECOND_ORDER = (1.8, 2.2), (3.8, 4.2)  # what halving the spacing divides errors by
NO_EDGES = torch.zeros(2, 0, dtype=torch.int64)


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


def test_outputs_of_patch_operators_converge_as_the_grid_is_refined(kind, patch_model):
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


def test_patch_operators_keep_what_they_learned_at_other_resolutions(kind, patch_model):
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


def test_outputs_of_a_transformer_converge_at_the_rate_of_the_trapezoid_rule(transformer):
    model = transformer(dim=16).double()
    outputs = []
    for points in (11, 21, 41, 81):
        batch, _ = line_problem(torch.linspace(0, 1, points, dtype=torch.float64))
        outputs.append(model(batch).view(6, points)[:, :: (points - 1) // 10])
    changes = [relative_error(fine, coarse) for coarse, fine in itertools.pairwise(outputs)]
    for coarse, fine in itertools.pairwise(changes):
        assert SECOND_ORDER[0] < coarse / fine < SECOND_ORDER[1]


def test_times_that_crowd_do_not_count_more(transformer):
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
