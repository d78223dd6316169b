"""Small PhysGTOs, and the equations of their parts written out for one case at a time.

The oracles follow the published equations and name their parameters as the published weights are
named. They concatenate where the equations do, loop over edges, and know no batches.
"""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from graphformers.physics.models import PhysGTOConfig, StaticTask, TransientTask


class OracleMLP(nn.Module):
    def __init__(self, dim_in, dim_out, hidden, layers=1, norm=False, act=nn.SiLU):
        super().__init__()
        parts, width = [], dim_in
        for _ in range(layers):
            parts += [nn.Linear(width, hidden), act()]
            width = hidden
        parts.append(nn.Linear(width, dim_out))
        self.f = nn.Sequential(*parts, *([nn.LayerNorm(dim_out)] if norm else []))

    def forward(self, x):
        return self.f(x)


def oracle_position_code(positions, octaves):
    rows = []
    for point in positions:
        code = []
        for x in point:
            code += [torch.cos(math.pi * 2**i * x) for i in range(octaves)]
            code += [torch.sin(math.pi * 2**i * x) for i in range(octaves)]
        rows.append(torch.stack([*code, *point]))
    return torch.stack(rows)


class OracleGNN(nn.Module):
    def __init__(self, node_in, dim, hidden, act, direction):
        super().__init__()
        self.f_edge = OracleMLP(2 * node_in + dim, dim, hidden, norm=True, act=act)
        self.f_node = OracleMLP(node_in + dim, dim, hidden, norm=True, act=act)
        self.direction = direction

    def forward(self, x, edges, senders, receivers):
        message = self.f_edge(torch.cat([x[senders], x[receivers], edges], dim=-1))
        half = message.shape[1] // 2
        rows = []
        for node in range(x.shape[0]):
            sent = [m for m, s in zip(message, senders.tolist(), strict=True) if s == node]
            got = [m for m, r in zip(message, receivers.tolist(), strict=True) if r == node]
            mean_sent = torch.stack(sent).mean(0) if sent else x.new_zeros(message.shape[1])
            mean_got = torch.stack(got).mean(0) if got else x.new_zeros(message.shape[1])
            halves = torch.cat([mean_sent[:half], mean_got[half:]])
            rows.append(mean_sent if self.direction == "both" else halves)
        return self.f_node(torch.cat([x, torch.stack(rows)], dim=-1)), message


class OracleStaticAttention(nn.Module):
    def __init__(self, dim, heads, tokens):
        super().__init__()
        self.Q = nn.Parameter(torch.randn(heads, tokens, dim // heads))
        self.kv_1 = nn.Linear(dim, 2 * dim)
        self.kv_2 = nn.Linear(dim // heads, 2 * dim // heads)
        self.q_3 = nn.Linear(dim, dim)
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, x):
        heads, _, width = self.Q.shape
        key, value = self.kv_1(x).chunk(2, dim=-1)
        query = self.q_3(x)
        outputs = []
        for head in range(heads):
            here = slice(head * width, (head + 1) * width)
            weights = (self.Q[head] @ key[:, here].T / math.sqrt(width)).softmax(-1)
            token_key, token_value = self.kv_2(weights @ value[:, here]).chunk(2, dim=-1)
            lift = (query[:, here] @ token_key.T / math.sqrt(width)).softmax(-1)
            outputs.append(lift @ token_value)
        return self.out_proj(torch.cat(outputs, dim=-1))


class OracleTransientAttention(nn.Module):
    def __init__(self, dim, heads, tokens):
        super().__init__()
        self.Q = nn.Parameter(torch.randn(heads, tokens, dim // heads))
        self.kv_1 = nn.Linear(dim, dim)
        self.qkv_2 = nn.Linear(dim // heads, 2 * dim // heads, bias=False)
        self.q_3 = nn.Linear(dim, dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        heads, _, width = self.Q.shape
        shared, query = self.kv_1(x), self.q_3(x)
        outputs = []
        for head in range(heads):
            here = slice(head * width, (head + 1) * width)
            weights = (self.Q[head] @ shared[:, here].T / math.sqrt(width)).softmax(-1)
            token_key, token_value = self.qkv_2(weights @ shared[:, here]).chunk(2, dim=-1)
            lift = (query[:, here] @ token_key.T / math.sqrt(width)).softmax(-1)
            outputs.append(lift @ token_value)
        return self.proj(torch.cat(outputs, dim=-1))


class OracleMultiHeadAttention(nn.Module):
    """Standard attention; the three projections stand one below the other."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.randn(3 * dim, dim) / math.sqrt(dim))
        self.in_proj_bias = nn.Parameter(torch.randn(3 * dim))
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, *given):
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        parts = zip(given, weights, biases, strict=True)
        query, key, value = (x @ weight.T + bias for x, weight, bias in parts)
        width = query.shape[1] // self.heads
        outputs = []
        for head in range(self.heads):
            here = slice(head * width, (head + 1) * width)
            weights = (query[:, here] @ key[:, here].T / math.sqrt(width)).softmax(-1)
            outputs.append(weights @ value[:, here])
        return self.out_proj(torch.cat(outputs, dim=-1))


class OracleSurfaceAttention(nn.Module):
    def __init__(self, dim, heads, tokens):
        super().__init__()
        self.Q = nn.Parameter(torch.randn(tokens, dim))
        self.attention1 = OracleMultiHeadAttention(dim, heads)
        self.attention2 = OracleMultiHeadAttention(dim, heads)
        self.attention3 = OracleMultiHeadAttention(dim, heads)

    def forward(self, x):
        tokens = self.attention1(self.Q, x, x)
        tokens = self.attention2(tokens, tokens, tokens)
        return self.attention3(x, tokens, tokens)


class OracleBlock(nn.Module):
    def __init__(self, config, node_in):
        super().__init__()
        dim, transient = config.dim, isinstance(config.task, TransientTask)
        act = nn.GELU if transient else nn.SiLU
        self.gnn = OracleGNN(node_in, dim, config.hidden, act, config.edge_direction)
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        inner = dim if transient else 2 * dim
        static = OracleSurfaceAttention if config.conditioning == "added" else OracleStaticAttention
        attention = OracleTransientAttention if transient else static
        self.attention_name = "MHA" if transient else "mha"
        self.ffn_name = "linear1" if transient else "ffn"
        self.add_module(self.attention_name, attention(dim, config.heads, config.tokens))
        ffn = nn.Sequential(nn.Linear(dim, inner), nn.SiLU(), nn.Linear(inner, dim))
        self.add_module(self.ffn_name, ffn)

    def forward(self, v, e, s_enc, cond, senders, receivers):
        update, message = self.gnn(torch.cat([v, s_enc, cond], dim=-1), e, senders, receivers)
        e = e + message
        v = v + update
        v = v + self.get_submodule(self.attention_name)(self.ln1(v))
        v = v + self.get_submodule(self.ffn_name)(self.ln2(v))
        return v, e


SIZES = {"dim": 16, "heads": 2, "tokens": 5, "blocks": 2, "octaves": 3, "hidden": 24}


def small_static(**changes):
    task = changes.pop("task", StaticTask(node_features=2, fields=3))
    return PhysGTOConfig(task=task, **(SIZES | changes))


def small_surface(**changes):
    task = changes.pop("task", StaticTask(node_features=1, fields=2, conditions=4))
    kind = {"conditioning": "added", "attention": "three steps", "dropout": 0.0, "space": 3}
    return PhysGTOConfig(task=task, **(SIZES | kind | changes))


def small_transient(**changes):
    task = changes.pop("task", TransientTask(fields=2, node_types=3))
    kind = {"encoder_layers": 2, "feed_forward": 1, "activation": "gelu", "tied_attention": True}
    return PhysGTOConfig(task=task, **(SIZES | kind | {"dropout": 0.0} | changes))


@pytest.fixture
def part_oracles():
    """The equations of a perceptron, a message step, a block and the code of positions."""
    return SimpleNamespace(
        mlp=OracleMLP, message=OracleGNN, block=OracleBlock, position_code=oracle_position_code
    )


@pytest.fixture
def static_config():
    return small_static


@pytest.fixture
def surface_config():
    return small_surface


@pytest.fixture
def transient_config():
    return small_transient


KINDS = ["static", "static with conditions", "static 3-D", "surface", "transient"]


@pytest.fixture(params=KINDS)
def config(request):
    """A small configuration of each kind."""
    with_conditions = StaticTask(node_features=2, fields=3, conditions=2)
    return {
        "static": small_static(),
        "static with conditions": small_static(task=with_conditions),
        "static 3-D": small_static(space=3),
        "surface": small_surface(),
        "transient": small_transient(),
    }[request.param]
