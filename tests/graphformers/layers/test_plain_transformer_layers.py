"""Layers of the plain transformer, each against its equation."""

import math

import pytest
import torch
from torch import cos, nn, sin
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern
from graphformers.layers import (
    AdaptiveMLP,
    AdaptiveMLPStack,
    AdaptiveRMSNorm,
    GELUGraphHead,
    GELUNodeHead,
    GraphDropPath,
    LayerScale,
    PairBiasGate,
    PPGTBlock,
    SinusoidalMLP,
    SquaredDistanceAttention,
    row_pieces,
)
from graphformers.layers.linear_of import linear_of

FLOAT64 = 1e-12
PTR = torch.tensor([0, 3, 4, 4, 9])  # one graph is a single node, one is empty
NODES, DIM, HEADS = 9, 8, 2
PATTERN = SparsePattern.complete(PTR)
DRAWS = 1000
DRAW_ERROR = 0.1  # of a mean over DRAWS coins


@pytest.fixture
def x() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(NODES, DIM, dtype=torch.float64)


def drawn(module: nn.Module) -> nn.Module:
    """In float64 with every parameter away from its initial value."""
    torch.manual_seed(1)
    for parameter in module.double().parameters():
        nn.init.normal_(parameter)
    return module


def close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=FLOAT64)


def adaptive(norm: AdaptiveRMSNorm, x: torch.Tensor) -> torch.Tensor:
    plain = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()
    adapted = (norm.alpha * x + norm.beta).square().mean(-1, keepdim=True)
    return plain * (adapted + 1e-6).sqrt()


def test_a_fresh_adaptive_norm_is_a_plain_one(x):
    plain = F.rms_norm(x, (DIM,), eps=1e-6)
    close(AdaptiveRMSNorm(DIM).double()(x), plain * (1 + 1e-6) ** 0.5)


def test_an_adaptive_norm_computes_its_equation(x):
    norm = drawn(AdaptiveRMSNorm(DIM))
    close(norm(x), adaptive(norm, x))


def test_an_adaptive_norm_can_give_a_row_back_its_magnitude(x):
    norm = AdaptiveRMSNorm(DIM).double()
    nn.init.ones_(norm.alpha)
    nn.init.zeros_(norm.beta)
    torch.testing.assert_close(norm(x), x, atol=0, rtol=1e-5)  # epsilon


def test_gradients_of_an_adaptive_norm_are_its_derivatives(x):
    norm = drawn(AdaptiveRMSNorm(DIM))
    inputs = (x.requires_grad_(), norm.alpha, norm.beta)

    def call(x, alpha, beta):
        return torch.func.functional_call(norm, {"alpha": alpha, "beta": beta}, (x,))

    assert torch.autograd.gradcheck(call, inputs)
    assert torch.autograd.gradgradcheck(call, inputs)


def test_rows_of_zeros_have_finite_gradients_in_an_adaptive_norm():
    norm, x = AdaptiveRMSNorm(DIM), torch.zeros(2, DIM, requires_grad=True)
    norm(x).sum().backward()
    assert x.grad.isfinite().all()


@pytest.fixture
def three_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(row_pieces, "MANY_ROWS", 1)
    monkeypatch.setattr(row_pieces, "ROWS_AT_A_TIME", {"cpu": 3})


@pytest.mark.usefixtures("three_rows_at_a_time")
@pytest.mark.parametrize("grows", [False, True], ids=["constant", "variable"])
def test_recomputing_changes_neither_values_nor_gradients(x, grows):
    linear = drawn(nn.Linear(DIM, 5))
    x.requires_grad_(grows)
    inputs = [*([x] if grows else []), linear.weight, linear.bias]
    outputs = (linear(F.gelu(x)), linear_of(F.gelu, x, linear.weight, linear.bias))
    plain, recomputed = ([out, *torch.autograd.grad(out.square().sum(), inputs)] for out in outputs)
    for expected, actual in zip(plain, recomputed, strict=True):
        close(actual, expected)


@pytest.mark.usefixtures("three_rows_at_a_time")
def test_recomputing_has_gradients_of_gradients(x):
    linear = drawn(nn.Linear(DIM, 2))

    def call(x, weight, bias):
        return linear_of(F.gelu, x, weight, bias)

    inputs = (x[:4].clone().requires_grad_(), linear.weight, linear.bias)
    assert torch.autograd.gradcheck(call, inputs)
    assert torch.autograd.gradgradcheck(call, inputs)


@pytest.mark.usefixtures("three_rows_at_a_time")
def test_recomputing_keeps_its_input_only(x):
    linear, kept = drawn(nn.Linear(DIM, 2)), []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.shape)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        linear_of(F.gelu, x.requires_grad_(), linear.weight, linear.bias)
    assert kept == [x.shape, linear.weight.shape]


def test_a_sinusoidal_mlp_reads_a_number_and_its_waves():
    mlp = drawn(SinusoidalMLP(2, 6, 3, octaves=2))
    p = torch.tensor([[0.3, 0.8], [0.0, 1.0]], dtype=torch.float64)
    waves = [p, *(wave(2**octave * math.pi * p) for octave in (0, 1) for wave in (sin, cos))]
    close(mlp(p), mlp.output(F.gelu(mlp.widen(torch.cat(waves, dim=1)))))


def test_a_sinusoidal_mlp_without_octaves_reads_the_numbers():
    mlp = SinusoidalMLP(4, 6, 3, octaves=0)
    p = torch.rand(5, 4)
    assert torch.equal(mlp(p), mlp.output(F.gelu(mlp.widen(p))))


def branch(mlp: AdaptiveMLP, x: torch.Tensor) -> torch.Tensor:
    return mlp.scale(mlp.narrow(F.gelu(mlp.widen(adaptive(mlp.norm, x)))))


@pytest.mark.parametrize("layer_scale", [None, 0.1])
def test_an_adaptive_mlp_computes_its_equation(x, layer_scale):
    mlp = drawn(AdaptiveMLP(DIM, ratio=3, layer_scale_from=layer_scale))
    close(mlp(x), branch(mlp, x))


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_stack_adds_its_branches_and_normalises(x, norm_first):
    stack = drawn(AdaptiveMLPStack(DIM, 2, norm_first=norm_first))
    expected = adaptive(stack.first_norm, x) if norm_first else x
    for mlp in stack.branches:
        expected = expected + branch(mlp, expected)
    close(stack(x), adaptive(stack.last_norm, expected))


@pytest.mark.parametrize("scale_dot", [True, False], ids=["paper", "released"])
def test_attention_prefers_near_keys_and_gates_them(x, scale_dot):
    layer = drawn(SquaredDistanceAttention(DIM, HEADS, scale_dot=scale_dot))
    bias, gate = torch.randn(2, PATTERN.num_edges, HEADS, dtype=torch.float64)
    q, k, v = layer.query_key_value(x).view(NODES, 3, HEADS, -1).unbind(1)
    width = DIM // HEADS
    out = torch.zeros(NODES, HEADS, width, dtype=torch.float64)
    for i in range(NODES):
        pairs = PATTERN.target == i
        j = PATTERN.source[pairs]
        for head in range(HEADS):
            dot = k[j, head] @ q[i, head] / (width**0.5 if scale_dot else 1.0)
            logit = dot - 0.5 * k[j, head].square().sum(1) / width**0.5 + bias[pairs, head]
            out[i, head] = (logit.softmax(0) * gate[pairs, head]) @ v[j, head]
    close(layer(x, PATTERN, bias, gate), layer.output(out.flatten(1)))


def test_attention_alone_is_the_softmax_of_squared_distances(x):
    layer = drawn(SquaredDistanceAttention(DIM, 1))
    q, k, v = layer.query_key_value(x[:3]).chunk(3, dim=1)
    weight = (-0.5 * torch.cdist(q, k).square() / DIM**0.5).softmax(1)
    pattern = SparsePattern.complete(torch.tensor([0, 3]))
    close(layer(x[:3], pattern), layer.output(weight @ v))


def test_attention_heads_must_divide_the_width():
    with pytest.raises(ConfigError, match="dim 8, heads 3"):
        SquaredDistanceAttention(8, 3)


def test_fresh_biases_and_gates_leave_attention_alone_on_average():
    (bias, gate), other = PairBiasGate(6, HEADS, layers=2)(torch.zeros(4, 6))
    assert torch.equal(bias, torch.zeros(4, HEADS))
    assert torch.equal(gate, torch.ones(4, HEADS))
    assert len(other) == 2


def test_biases_and_gates_are_one_map_per_layer():
    maps = drawn(PairBiasGate(6, HEADS, layers=3))
    pair = torch.randn(4, 6, dtype=torch.float64)
    for number, (bias, gate) in enumerate(maps(pair)):
        rows = slice(2 * HEADS * number, 2 * HEADS * (number + 1))
        expected = F.linear(pair, maps.linear.weight[rows], maps.linear.bias[rows])
        close(torch.cat([bias, gate - 1], dim=1), expected)


def test_a_dropped_path_is_dropped_for_whole_graphs():
    torch.manual_seed(0)
    out = GraphDropPath(0.3)(torch.ones(NODES, 2), PTR)
    assert set(out.unique().tolist()) == {0.0, torch.tensor(1 / 0.7).item()}
    assert all(out[start:end].unique().numel() <= 1 for start, end in ((0, 3), (3, 4), (4, 9)))


def test_a_dropped_path_keeps_its_mean():
    torch.manual_seed(0)
    drop = GraphDropPath(0.3)
    mean = sum(drop(torch.ones(NODES, 1), PTR) for _ in range(DRAWS)) / DRAWS
    torch.testing.assert_close(mean, torch.ones(NODES, 1), atol=DRAW_ERROR, rtol=0)


def test_nothing_is_dropped_in_evaluation():
    x = torch.randn(NODES, 2)
    assert torch.equal(GraphDropPath(0.9).eval()(x, PTR), x)


def test_a_path_that_is_always_dropped_is_refused():
    with pytest.raises(ConfigError, match=r"\[0, 1\); got 1"):
        GraphDropPath(1.0)


def test_a_layer_scale_starts_small():
    assert torch.equal(LayerScale(2, 0.5)(torch.tensor([[2.0, 4.0]])), torch.tensor([[1.0, 2.0]]))


@pytest.mark.parametrize("layer_scale", [None, 0.1])
def test_a_block_adds_attention_and_then_the_mlp(x, layer_scale):
    attention = SquaredDistanceAttention(DIM, HEADS)
    block = drawn(PPGTBlock(attention, layer_scale_from=layer_scale))
    h = x + block.scale(attention(adaptive(block.norm, x), PATTERN))
    close(block(x, PTR, PATTERN), h + branch(block.feed_forward, h))


def test_a_block_that_drops_everything_passes_its_input_on(x):
    block = PPGTBlock(SquaredDistanceAttention(DIM, HEADS), drop_path=0.999999).double()
    assert torch.equal(block(x, PTR, PATTERN), x)


@pytest.mark.parametrize("pool", ["sum", "mean", "max"])
def test_a_graph_head_pools_normalises_and_maps(x, pool):
    head = drawn(GELUGraphHead(DIM, 3, pool=pool, layers=2, batch_norm=True))
    pools = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}
    ends = [(0, 3), (3, 4), (4, 9)]
    pooled = torch.stack([pools[pool](x[start:end], dim=0) for start, end in ends])
    (hidden,) = head.mlp.hidden
    expected = head.mlp.output(F.gelu(hidden(head.norm(pooled))))
    close(head(x, torch.tensor([0, 3, 4, 9])), expected)


def test_a_node_head_maps_every_node_through_the_wider_width(x):
    head = drawn(GELUNodeHead(DIM, 12, layers=3))
    assert [one.out_features for one in head.mlp.hidden] == [12, 12]
    one, two = head.mlp.hidden
    close(head(x, PTR), head.mlp.output(F.gelu(two(F.gelu(one(x))))))


def test_a_head_without_layers_is_refused():
    with pytest.raises(ConfigError, match="at least one layer; got 0"):
        GELUNodeHead(DIM, 1, layers=0)
