"""The masked mesh transformer against its equations, in double precision; who sees whom."""

import dataclasses
import itertools
import math

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import (
    MeshTransformer,
    MeshTransformerConfig,
    StaticTask,
    TransientTask,
)
from graphformers.physics.models.mesh_transformer.adjacency import adjacency
from graphformers.physics.models.mesh_transformer.rms_norm import RMSNorm

ROUNDING = 1e-10
NOTICEABLE = 1e-6
TASK = StaticTask(node_features=2, fields=3, conditions=2)
SIZES = {"dim": 24, "heads": 3, "blocks": 2}
ACTIVATIONS = {
    "relu": lambda x: x.clamp(min=0),
    "silu": lambda x: x * torch.sigmoid(x),
    "gelu": lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2,
}


def config_of(**changes):
    return MeshTransformerConfig(**({"task": TASK} | SIZES | changes))


OPTIONS = {
    "plain": config_of(),
    "silu": config_of(activation="silu", gate_activation="silu"),
    "rotary": config_of(rotary_base=10.0),
    "rotary, 3-D": config_of(rotary_base=1e4, space=3),
    "gate": config_of(output_gate=True),
    "tied": config_of(tied=True),
    "temporal": config_of(temporal=True),
    "tokens": config_of(global_tokens=2),
    "two hops": config_of(hops=2),
    "windows": config_of(dilations=(1, 3), reach=2),
    "everything": config_of(
        task=TransientTask(fields=2, node_types=3),
        rotary_base=100.0,
        output_gate=True,
        temporal=True,
        global_tokens=3,
        hops=2,
        dilations=(2,),
        reach=1,
        random_edges=2,
    ),
}


def oracle_sees(case, config):
    """``sees[i]``: the nodes that node ``i`` of one case attends to, tokens last."""
    count, tokens = case.num_nodes, config.global_tokens
    near = [set() for _ in range(count)]
    for s, t in case.edge_index.T.tolist():
        near[s].add(t)
        near[t].add(s)
    sees = [set(one) for one in near]
    for _ in range(config.hops - 1):
        sees = [one.union(*(near[j] for j in one)) if one else one for one in sees]
    sees = [one - {i} for i, one in enumerate(sees)]
    for dilation, step in itertools.product(
        config.dilations, range(-config.reach, config.reach + 1)
    ):
        for i in range(count):
            if 0 <= i + dilation * step < count:
                sees[i].add(i + dilation * step)
    if config.random_edges:
        added = adjacency(case, dataclasses.replace(config, hops=1, dilations=()))
        for s, t in added.edge_index.T.tolist():
            sees[t].add(s)
    every_token = set(range(count, count + tokens))
    sees = [one | every_token for one in sees]
    return sees + [set(range(count)) | every_token for _ in range(tokens)]


class Equations:
    """The published equations on one case, from the model's weights by name."""

    def __init__(self, model, case):
        self.config, self.weights = model.config, dict(model.named_parameters())
        self.sees = oracle_sees(case, model.config)
        origin = case.positions.new_zeros(model.config.global_tokens, model.config.space)
        self.places = torch.cat([case.positions, origin])

    def linear(self, name, x):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, name, x):
        size = x.square().sum(1, keepdim=True).sqrt() / math.sqrt(x.shape[1])
        return x / (size + 1e-8) * self.weights[f"{name}.scale"]

    def mlp(self, name, x, layers):
        for layer in range(layers):
            x = self.linear(f"{name}.layers.{layer}", x)
            x = ACTIVATIONS[self.config.activation](x) if layer < layers - 1 else x
        return x

    def turned(self, row, place):
        """One head of one node, pair by pair."""
        if self.config.rotary_base is None:
            return row
        space, pairs = self.config.space, len(row) // 2
        waves, row = len(row) // (2 * space), row.clone()
        for pair in range(min(pairs, space * waves)):
            axis, wave = divmod(pair, waves)
            angle = place[axis] * self.config.rotary_base ** (-wave / waves)
            a, b = row[2 * pair].clone(), row[2 * pair + 1].clone()
            row[2 * pair] = a * angle.cos() - b * angle.sin()
            row[2 * pair + 1] = a * angle.sin() + b * angle.cos()
        return row

    def attend(self, query, key, value):
        width = query.shape[1] // self.config.heads
        out = torch.zeros_like(value)
        for head in range(self.config.heads):
            here = slice(head * width, (head + 1) * width)
            for i, seen in enumerate(self.sees):
                if not seen:
                    continue
                columns = sorted(seen)
                scores = torch.stack([query[i, here] @ key[j, here] for j in columns])
                weights = (scores / math.sqrt(width)).softmax(0)
                out[i, here] = sum(
                    w * value[j, here] for w, j in zip(weights, columns, strict=True)
                )
        return out

    def turned_heads(self, x):
        heads = x.unflatten(1, (self.config.heads, -1))
        rows = [
            torch.cat([self.turned(head, place) for head in row])
            for row, place in zip(heads, self.places, strict=True)
        ]
        return torch.stack(rows)

    def attention(self, name, x):
        projected = self.linear(f"{name}.query_key_value", x)
        query, key, value = (projected,) * 3 if self.config.tied else projected.chunk(3, dim=1)
        attended = self.attend(self.turned_heads(query), self.turned_heads(key), value)
        if self.config.output_gate:
            attended = torch.sigmoid(self.linear(f"{name}.gate", x)) * attended
        return self.linear(f"{name}.output", attended)

    def gated(self, name, x):
        gate, value = self.linear(f"{name}.hidden", self.norm(f"{name}.norm", x)).chunk(2, dim=1)
        return self.linear(f"{name}.output", ACTIVATIONS[self.config.gate_activation](gate) * value)

    def temporal(self, before, after):
        query, value = self.linear("temporal.query_value", after).chunk(2, dim=1)
        key = self.linear("temporal.key", before)
        attended = self.linear("temporal.output", self.attend(query, key, value))
        gate = torch.sigmoid(self.mlp("temporal.gate", torch.cat([after, before], dim=1), 2))
        c = before + gate * attended
        return c + self.mlp("temporal.correction", torch.cat([c, before], dim=1), 2)

    def __call__(self, case):
        config, task = self.config, self.config.task
        rows = [case.positions, case.x]
        if case.conditions is not None:
            rows.append(case.conditions.expand(case.num_nodes, -1))
        x = self.norm("encoder.1", self.mlp("encoder.0", torch.cat(rows, dim=1), 4))
        if config.global_tokens:
            x = torch.cat([x, self.weights["tokens.tokens"]])
        for block in range(config.blocks):
            before, name = x, f"blocks.{block}"
            x = x + self.attention(f"{name}.attention", self.norm(f"{name}.attention_norm", x))
            x = x + self.gated(f"{name}.feed_forward", self.norm(f"{name}.feed_forward_norm", x))
        x = self.temporal(before, x) if config.temporal else x
        decoded = self.mlp("decoder", x[: case.num_nodes], 4)
        return decoded + case.x[:, : task.fields] if isinstance(task, TransientTask) else decoded


@pytest.fixture(params=OPTIONS)
def model(request):
    """A model for each option whose frequencies are in double precision too."""
    torch.manual_seed(0)
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    built = MeshTransformer(OPTIONS[request.param])
    torch.set_default_dtype(default)
    return built.eval()


def test_a_batch_equals_the_equations_case_by_case(model, field_cases):
    batch = field_cases(model.config, torch.float64, sizes=((7, 24), (1, 0), (4, 0)))
    weights = list(model.parameters())
    expected = torch.cat([Equations(model, case)(case) for case in batch])
    output = model(GraphBatch.concatenate(batch))
    torch.testing.assert_close(output, expected, atol=ROUNDING, rtol=0)
    ours = torch.autograd.grad(output.square().mean(), weights)
    theirs = torch.autograd.grad(expected.square().mean(), weights)
    for name, one, other in zip(dict(model.named_parameters()), ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=ROUNDING, rtol=0, msg=name)


def test_a_node_sees_its_neighbours_and_not_itself(field_case):
    case = field_case(config_of())
    mask = adjacency(case, config_of())
    seen = {tuple(pair) for pair in mask.edge_index.T.tolist()}
    mesh = {tuple(pair) for pair in case.edge_index.T.tolist()}
    assert seen == mesh | {(t, s) for s, t in mesh}
    assert mask.num_edges == len(seen)


def test_random_neighbours_are_those_of_the_seed(field_case):
    case = field_case(config_of(), 30, 20)
    first, again, other = (
        adjacency(case, config_of(random_edges=2, seed=seed)).edge_index for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_windows_follow_the_numbering(field_case):
    config = config_of(dilations=(1,), reach=1)
    model = MeshTransformer(config).double()
    case = field_case(config, 12, 0, dtype=torch.float64)
    backwards = dataclasses.replace(case, x=case.x.flip(0), positions=case.positions.flip(0))
    torch.testing.assert_close(model(backwards).flip(0), model(case), atol=ROUNDING, rtol=0)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    mixed = dataclasses.replace(case, x=case.x[order], positions=case.positions[order])
    assert (model(mixed)[order.argsort()] - model(case)).abs().max() > NOTICEABLE


def test_global_tokens_join_what_no_edge_joins(field_case):
    alone, joined = (MeshTransformer(config_of(global_tokens=tokens)).double() for tokens in (0, 1))
    case = field_case(config_of(), 6, 0, dtype=torch.float64)
    changed = dataclasses.replace(case, x=case.x + torch.eye(6, 1, dtype=torch.float64))
    others = slice(1, None)
    assert torch.equal(alone(changed)[others], alone(case)[others])
    assert (joined(changed)[others] - joined(case)[others]).abs().min() > 0


def test_a_shift_changes_nothing_about_turned_scores(field_case):
    """Only differences of positions count where the encoder does not see them."""
    config = config_of(rotary_base=10.0)
    model = MeshTransformer(config).double()
    model.rotary = model.rotary.double()
    with torch.no_grad():
        model.encoder[0].layers[0].weight[:, :2] = 0
    case = field_case(config, dtype=torch.float64)
    shifted = dataclasses.replace(case, positions=case.positions + 3)
    turned = dataclasses.replace(case, positions=case.positions.flip(1))
    torch.testing.assert_close(model(shifted), model(case), atol=ROUNDING, rtol=0)
    assert (model(turned) - model(case)).abs().max() > NOTICEABLE


def test_a_row_of_zeros_stays_and_has_gradients():
    norm = RMSNorm(4)
    x = torch.zeros(2, 4, requires_grad=True)
    norm(x).sum().backward()
    assert torch.equal(norm(x), torch.zeros(2, 4))
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("preset", ["deforming-plate", "aneurysm"])
def test_presets_have_ten_blocks_of_width_64(preset):
    with torch.device("meta"):
        model = MeshTransformer.preset(preset)
    columns, dim, fields = 3 + 3 + 9 + 1, 64, 3
    square = (dim + 1) * dim
    ends = (columns + 1) * dim + 6 * square + (dim + 1) * fields + dim
    block = 4 * square + 2 * (dim + 1) * 3 * dim + (3 * dim + 1) * dim + 3 * dim
    assert sum(weight.numel() for weight in model.parameters()) == ends + 10 * block


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 25}, "multiple of heads"),
        ({"space": 4}, "space must be 2 or 3"),
        ({"hops": 0}, "hops must be at least 1"),
        ({"dilations": (1, 0)}, "dilations must be at least 1"),
        ({"gate_activation": "gelo"}, "did you mean 'gelu'"),
        ({"rotary_base": 0.5}, "rotary_base must be at least 1"),
        ({"rotary_base": 10.0, "dim": 9}, "even width of at least 4; got 3"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        config_of(**changes)
