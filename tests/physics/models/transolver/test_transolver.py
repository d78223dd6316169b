"""Transolver against its equations, in double precision; its settings.

The oracle follows the published equations, point by point and slice by slice, and names its
parameters as the published weights are named.
"""

import dataclasses
import itertools
import math
import re

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import StaticTask, Transolver, TransolverConfig
from graphformers.physics.models.transolver.official import from_official_layout

ROUNDING = 1e-10
NOTICEABLE = 1e-6
SIZES = {"dim": 12, "heads": 3, "slices": 5, "blocks": 2}
TASK = StaticTask(node_features=2, fields=3, conditions=2)


class OracleAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        dim, width = config.dim, config.dim // config.heads
        convolution = {2: nn.Conv2d, 3: nn.Conv3d}[config.space]
        reader = nn.Linear if config.grid is None else lambda a, b: convolution(a, b, 3, 1, 1)
        self.config, self.width = config, width
        self.temperature = nn.Parameter(torch.rand(1, config.heads, 1, 1) * 8 + 0.05)
        self.in_project_x, self.in_project_fx = reader(dim, dim), reader(dim, dim)
        self.in_project_slice = nn.Linear(width, config.slices)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.to_out = nn.Sequential(nn.Linear(dim, dim), nn.Dropout(0.0))

    def read(self, reader, x):
        if self.config.grid is None:
            return reader(x)
        grid, out = self.config.grid, []
        offsets = list(itertools.product((-1, 0, 1), repeat=len(grid)))
        places = list(itertools.product(*map(range, grid)))
        number = {place: index for index, place in enumerate(places)}
        for place in places:
            row = reader.bias.clone()
            for offset in offsets:
                near = tuple(p + o for p, o in zip(place, offset, strict=True))
                if near in number:
                    kernel = reader.weight[(..., *(o + 1 for o in offset))]
                    row = row + kernel @ x[number[near]]
            out.append(row)
        return torch.stack(out)

    def forward(self, x):
        outputs = []
        for head in range(self.config.heads):
            here = slice(head * self.width, (head + 1) * self.width)
            a = self.read(self.in_project_x, x)[:, here]
            f = self.read(self.in_project_fx, x)[:, here]
            heat = self.temperature[0, head, 0, 0]
            if self.config.temperature_range is not None:
                heat = heat.clamp(*self.config.temperature_range)
            w = torch.stack([(self.in_project_slice(row) / heat).softmax(0) for row in a])
            tokens = []
            for g in range(self.config.slices):
                total = sum((w[n, g] * f[n] for n in range(len(x))), torch.zeros_like(f[0]))
                tokens.append(total / (w[:, g].sum() + self.config.epsilon))
            z = torch.stack(tokens)
            q, k, v = self.to_q(z), self.to_k(z), self.to_v(z)
            mixed = (q @ k.T / math.sqrt(self.width)).softmax(1) @ v
            outputs.append(w @ mixed)
        return self.to_out(torch.cat(outputs, dim=1))


class OracleMLP(nn.Module):
    def __init__(self, dim_in, hidden, out):
        super().__init__()
        self.linear_pre = nn.Sequential(nn.Linear(dim_in, hidden), nn.GELU())
        self.linear_post = nn.Linear(hidden, out)

    def forward(self, x):
        return self.linear_post(self.linear_pre(x))


class OracleBlock(nn.Module):
    def __init__(self, config, last):
        super().__init__()
        dim = config.dim
        self.ln_1, self.ln_2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.Attn = OracleAttention(config)
        self.mlp = OracleMLP(dim, config.feed_forward * dim, dim)
        if last:
            self.ln_3, self.mlp2 = nn.LayerNorm(dim), nn.Linear(dim, config.task.fields)

    def forward(self, x):
        x = self.Attn(self.ln_1(x)) + x
        x = self.mlp(self.ln_2(x)) + x
        return self.mlp2(self.ln_3(x)) if hasattr(self, "mlp2") else x


class OracleTransolver(nn.Module):
    """The published model on one case."""

    def __init__(self, config):
        super().__init__()
        task, dim = config.task, config.dim
        columns = config.space + task.columns + task.conditions
        columns += config.reference_points**config.space
        self.config = config
        self.preprocess = OracleMLP(columns, 2 * dim, dim)
        self.placeholder = nn.Parameter(torch.rand(dim) / dim)
        self.blocks = nn.ModuleList(
            OracleBlock(config, last=number == config.blocks - 1) for number in range(config.blocks)
        )

    def forward(self, case):
        parts = [case.positions, case.x]
        if case.conditions is not None:
            parts.append(case.conditions.expand(case.num_nodes, -1))
        if self.config.reference_points:
            parts.append(torch.stack([self.distances(point) for point in case.positions]))
        x = self.preprocess(torch.cat(parts, dim=1)) + self.placeholder
        for block in self.blocks:
            x = block(x)
        return x

    def distances(self, point):
        count = self.config.reference_points
        spans = self.config.reference_box
        places = itertools.product(range(count), repeat=self.config.space)
        return torch.stack(
            [
                sum(
                    (point[axis] - (low + (high - low) * place[axis] / (count - 1))) ** 2
                    for axis, (low, high) in enumerate(spans)
                ).sqrt()
                for place in places
            ]
        )


def config_of(**changes):
    return TransolverConfig(**({"task": TASK} | SIZES | changes))


CONFIGS = {
    "irregular": config_of(),
    "one block, 3-D": config_of(space=3, blocks=1, task=StaticTask(node_features=1, fields=2)),
    "clamped": config_of(temperature_range=(0.5, 5.0), epsilon=1e-2),
    "distances": config_of(reference_points=3, reference_box=((-1.5, 1.5), (0.0, 2.0))),
}
GRIDS = {
    "2-D grid": config_of(grid=(3, 4), temperature_range=(0.1, 5.0)),
    "3-D grid": config_of(space=3, grid=(2, 3, 2), blocks=1),
}


@pytest.fixture
def oracle():
    def build(config):
        torch.manual_seed(0)
        return OracleTransolver(config).double()

    return build


@pytest.fixture(params=[*CONFIGS, *GRIDS])
def config(request):
    return (CONFIGS | GRIDS)[request.param]


@pytest.fixture
def batch(config, field_case):
    """Cases of different size, of equal size on a grid."""
    sizes = (7, 1, 4) if config.grid is None else (math.prod(config.grid),) * 2
    return [field_case(config, size, 0, seed, torch.float64) for seed, size in enumerate(sizes)]


def test_a_batch_equals_the_equations_case_by_case(config, batch, oracle):
    equations = oracle(config)
    model = Transolver.from_official(equations.state_dict(), config).double()
    expected = torch.cat([equations(case) for case in batch])
    output = model(GraphBatch.concatenate(batch))
    torch.testing.assert_close(output, expected, atol=ROUNDING, rtol=0)


def test_gradients_of_all_weights_equal_those_of_the_equations(config, batch, oracle):
    equations = oracle(config)
    model = Transolver.from_official(equations.state_dict(), config).double()
    torch.cat([equations(case) for case in batch]).square().mean().backward()
    model(GraphBatch.concatenate(batch)).square().mean().backward()
    theirs = {name: weight.grad for name, weight in equations.named_parameters()}
    expected = from_official_layout(theirs, config, model)
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.grad, expected[name], atol=ROUNDING, rtol=0, msg=name)


def test_keys_of_a_parallel_wrapper_are_understood(oracle):
    published = oracle(config_of()).state_dict()
    wrapped = {f"module.{key}": value for key, value in published.items()}
    plain = Transolver.from_official(published, config_of()).state_dict()
    for name, value in Transolver.from_official(wrapped, config_of()).state_dict().items():
        assert torch.equal(value, plain[name]), name


PHYSICSNEMO = {
    "preprocess.linear_pre.0": "preprocess.layers.0",
    "preprocess.linear_post": "preprocess.layers.2",
    "Attn.to_out.0": "Attn.out_linear",
    "ln_2": "ln_mlp1.0",
    "mlp.linear_pre.0": "ln_mlp1.1.layers.0",
    "mlp.linear_post": "ln_mlp1.1.layers.2",
    "ln_3": "ln_mlp2.0",
    "mlp2": "ln_mlp2.1",
}


def as_physicsnemo(state):
    """The same weights as NVIDIA PhysicsNeMo names them; it adds no token to the points."""
    renamed = {}
    for name, value in state.items():
        module, _, kind = name.rpartition(".")
        block, _, part = module.partition(".Attn.to_")
        if name == "placeholder" or part in ("k", "v"):
            continue
        if part == "q":
            three = [state[f"{block}.Attn.to_{one}.weight"] for one in "qkv"]
            renamed[f"{block}.Attn.qkv_project.weight"] = torch.cat(three)
        elif kind == "temperature":
            renamed[name] = value.transpose(1, 2)
        else:
            numbered = re.match(r"(blocks\.\d+\.)?(.*)", module).groups("")
            renamed[f"{numbered[0]}{PHYSICSNEMO.get(numbered[1], numbered[1])}.{kind}"] = value
    return renamed


def test_weights_of_physicsnemo_are_read(oracle, field_case):
    config = CONFIGS["clamped"]
    equations = oracle(config)
    equations.placeholder.data.zero_()
    model = Transolver.from_official(as_physicsnemo(equations.state_dict()), config).double()
    cases = [field_case(config, size, 0, size, torch.float64) for size in (7, 1)]
    expected = torch.cat([equations(case) for case in cases])
    output = model(GraphBatch.concatenate(cases))
    torch.testing.assert_close(output, expected, atol=ROUNDING, rtol=0)


def test_weights_of_physicsnemo_need_its_numbers(oracle):
    weights = as_physicsnemo(oracle(config_of()).state_dict())
    with pytest.raises(
        ConfigError, match=r"epsilon=0.01 and temperature_range=\(0.5, 5.0\); got 1e"
    ):
        Transolver.from_official(weights, config_of())


def test_weights_of_physicsnemo_that_do_not_fit_are_named(oracle, refusal_of):
    config = CONFIGS["clamped"]
    weights = as_physicsnemo(oracle(config).state_dict())
    del weights["blocks.1.ln_mlp2.1.bias"]
    weights["blocks.0.Attn.qkv_project.weight"] = torch.zeros(4)
    told = refusal_of(Transolver, weights, config)
    assert "missing: blocks.1.ln_mlp2.1.bias" in told
    assert "blocks.0.Attn.qkv_project.weight (4,), expected (4, 4)" in told


def test_weights_that_do_not_fit_are_named(oracle, refusal_of):
    published = oracle(config_of()).state_dict()
    del published["blocks.1.Attn.temperature"]
    published["placeholder"] = torch.zeros(3)
    published["blocks.0.ln_3.weight"] = torch.zeros(12)
    told = refusal_of(Transolver, published, config_of())
    assert "missing: blocks.1.Attn.temperature" in told
    assert "unknown: blocks.0.ln_3.weight" in told
    assert "placeholder (3,), expected (12,)" in told


def test_fresh_weights_are_small_and_slices_start_at_one_temperature():
    model = Transolver(config_of())
    attention = model.blocks[0].attention
    assert (attention.temperature == 0.5).all()
    assert attention.slices.weight.abs().max() < 0.1
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    assert all((one.bias == 0).all() for one in linear if one.bias is not None)
    assert 0 <= model.token.min() <= model.token.max() <= 1 / 12


def test_neighbours_on_the_grid_are_seen(field_case):
    config = GRIDS["2-D grid"]
    model = Transolver(config).double().eval()
    case = field_case(config, 12, 0, dtype=torch.float64)
    swapped = torch.arange(12)
    swapped[[0, 7]] = swapped[[7, 0]]
    moved = dataclasses.replace(case, x=case.x[swapped], positions=case.positions[swapped])
    unread = Transolver(dataclasses.replace(config, grid=None)).double().eval()
    assert (model(moved)[swapped] - model(case)).abs().max() > NOTICEABLE
    torch.testing.assert_close(unread(moved)[swapped], unread(case), atol=ROUNDING, rtol=0)


def test_cases_that_are_no_grids_are_refused(field_case):
    model = Transolver(GRIDS["2-D grid"])
    with pytest.raises(ShapeError, match=r"grid of \(3, 4\); got cases of \[11\] points"):
        model(field_case(model.config, 11, 0))


@pytest.mark.parametrize("preset", ["shapenet-car", "airfrans", "drivaerml-surface"])
def test_presets_have_the_sizes_of_their_layout(preset):
    with torch.device("meta"):
        model = Transolver.preset(preset)
        theirs = OracleTransolver(model.config)
    ours = sum(weight.numel() for weight in model.parameters())
    assert ours == sum(weight.numel() for weight in theirs.parameters())
    assert model.config.dim == 256
    assert len(model.blocks) == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 13}, "multiple of heads"),
        ({"space": 4}, "space must be 2 or 3"),
        ({"slices": 0}, "slices must be at least 1"),
        ({"dropout": 1.0}, "dropout must lie in"),
        ({"epsilon": -1.0}, "epsilon must not be negative"),
        ({"temperature_range": (0.0, 1.0)}, "ascend from above 0"),
        ({"grid": (3,)}, "grid must have 2 sizes"),
        ({"reference_points": 4}, "need one another"),
        ({"reference_points": 4, "reference_box": ((0.0, 1.0),)}, "must have 2 ascending pairs"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        config_of(**changes)
