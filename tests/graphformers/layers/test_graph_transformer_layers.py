"""The layers of the graph transformer against their equations, edge by edge."""

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern
from graphformers.layers import (
    EdgeAttention,
    EigenvectorMap,
    GraphTransformerBlock,
    PostNormUpdate,
)

FLOAT64 = 1e-12
DIM, HEADS, HEAD_DIM = 6, 3, 2
# node 3 receives nothing, node 4 has no edge, one edge is there twice, one is a loop
EDGE_INDEX = torch.tensor([[0, 1, 1, 2, 3, 0], [1, 0, 0, 2, 2, 2]])
NODES = 5
LARGE = 30.0  # makes most logits larger than the clamp


@pytest.fixture
def graph() -> tuple[torch.Tensor, torch.Tensor, SparsePattern]:
    torch.manual_seed(0)
    x = torch.randn(NODES, DIM, dtype=torch.float64)
    edge = torch.randn(EDGE_INDEX.shape[1], DIM, dtype=torch.float64)
    pattern = SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)
    return x, edge, pattern


def attended(layer: EdgeAttention, x: torch.Tensor, edge: torch.Tensor):
    """The equation, one edge and one head at a time."""
    query, key, value = layer.query_key_value(x).chunk(3, dim=1)
    wide = layer.edge_map(edge)
    out, score = torch.zeros_like(x), torch.zeros_like(edge)
    for head in range(HEADS):
        part = slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
        total, mixed = [0.0] * NODES, [torch.zeros(HEAD_DIM).double() for _ in range(NODES)]
        for number, (source, target) in enumerate(EDGE_INDEX.T.tolist()):
            pair = key[source, part] * query[target, part] / HEAD_DIM**0.5 * wide[number, part]
            weight = pair.sum().clamp(-layer.clamp, layer.clamp).exp()
            score[number, part] = pair
            total[target] = total[target] + weight
            mixed[target] = mixed[target] + weight * value[source, part]
        for node in range(NODES):
            denominator = total[node] + layer.softmax_epsilon
            if denominator > 0:
                out[node, part] = mixed[node] / denominator
    return out, score


@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.5])
@pytest.mark.parametrize("size", [1.0, LARGE], ids=["small", "clamped"])
def test_edge_attention_follows_its_equation(graph, size, epsilon):
    x, edge, pattern = graph
    layer = EdgeAttention(DIM, HEADS, softmax_epsilon=epsilon).double()
    expected = attended(layer, size * x, edge)
    for actual, wanted in zip(layer(size * x, edge, pattern), expected, strict=True):
        torch.testing.assert_close(actual, wanted, atol=FLOAT64, rtol=FLOAT64)


@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.5])
def test_a_node_without_incoming_edges_attends_to_nothing(graph, epsilon):
    x, edge, pattern = graph
    out, _ = EdgeAttention(DIM, HEADS, softmax_epsilon=epsilon).double()(x, edge, pattern)
    assert out[3:].abs().max() == 0
    assert out[:3].abs().min() > 0


def test_an_epsilon_matters_most_where_all_logits_are_lowest():
    pattern = SparsePattern.from_edge_index(torch.tensor([[0], [1]]), num_targets=2, num_sources=2)
    plain, quirk = EdgeAttention(1, 1).double(), EdgeAttention(1, 1, softmax_epsilon=1e-6).double()
    weights = {"query_key_value.weight": torch.ones(3, 1), "edge_map.weight": -torch.ones(1, 1)}
    for layer in (plain, quirk):
        layer.load_state_dict(weights)
    x, edge = torch.full((2, 1), 9.0).double(), torch.ones(1, 1).double()
    ratio = quirk(x, edge, pattern)[0][1] / plain(x, edge, pattern)[0][1]
    lowest = torch.tensor(-5.0).double().exp()
    torch.testing.assert_close(ratio, (lowest / (lowest + 1e-6))[None], atol=0, rtol=FLOAT64)
    assert 1 - ratio > 1e-4


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_gradients_are_those_of_finite_differences(graph, epsilon):
    x, edge, pattern = graph
    attention = EdgeAttention(DIM, HEADS, softmax_epsilon=epsilon)
    block = GraphTransformerBlock(attention).double().eval()
    inputs = (x.requires_grad_(), edge.requires_grad_())
    assert torch.autograd.gradcheck(lambda *both: block(*both, pattern), inputs)


def test_the_order_of_the_edges_does_not_matter(graph):
    x, edge, pattern = graph
    order = torch.tensor([3, 5, 0, 4, 2, 1])
    block = GraphTransformerBlock(EdgeAttention(DIM, HEADS)).double().eval()
    shuffled = SparsePattern.from_edge_index(
        EDGE_INDEX[:, order], num_targets=NODES, num_sources=NODES
    )
    expected_x, expected_edge = block(x, edge, pattern)
    actual_x, actual_edge = block(x, edge[order], shuffled)
    torch.testing.assert_close(actual_x, expected_x, atol=FLOAT64, rtol=0)
    torch.testing.assert_close(actual_edge, expected_edge[order], atol=FLOAT64, rtol=0)


@pytest.mark.parametrize("residual", [True, False])
def test_an_update_follows_its_equation(graph, residual):
    x, _, _ = graph
    update = torch.randn_like(x)
    layer = PostNormUpdate(DIM, norm=nn.LayerNorm, residual=residual).double()
    hidden = layer.update_norm(layer.output(update) + residual * x)
    wide = layer.narrow(layer.widen(hidden).relu())
    expected = layer.output_norm(wide + residual * hidden)
    torch.testing.assert_close(layer(x, update), expected, atol=FLOAT64, rtol=0)


def test_scores_reach_the_edges_before_the_clamp(graph):
    x, edge, pattern = graph
    layer = EdgeAttention(DIM, HEADS, clamp=0.1).double()
    _, score = layer(LARGE * x, edge, pattern)
    assert score.unflatten(1, (HEADS, -1)).sum(-1).abs().max() > 1


@pytest.mark.parametrize("per_graph", [True, False])
def test_training_flips_whole_eigenvectors(per_graph):
    torch.manual_seed(0)
    layer = EigenvectorMap(2, 2, flip_per_graph=per_graph)
    layer.load_state_dict({"linear.weight": torch.eye(2), "linear.bias": torch.zeros(2)})
    ptr = torch.tensor([0, 2, 4])
    signs = torch.stack([layer(torch.ones(4, 2), ptr) for _ in range(32)])
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(signs[:, 0], signs[:, 1])
    assert torch.equal(signs[:, 2], signs[:, 3])
    assert torch.equal(signs[:, 0], signs[:, 2]) == (not per_graph)
    assert not torch.equal(signs[..., 0], signs[..., 1])
    assert torch.equal(layer.eval()(torch.ones(4, 2), ptr), torch.ones(4, 2))


def test_a_frequency_a_graph_lacks_counts_as_zero():
    layer = EigenvectorMap(2, 3).eval()
    ptr = torch.tensor([0, 1])
    lacking, zero = torch.tensor([[0.5, torch.nan]]), torch.tensor([[0.5, 0.0]])
    assert torch.equal(layer(lacking, ptr), layer(zero, ptr))


@pytest.mark.parametrize(
    "build",
    [
        lambda: EdgeAttention(6, 4),
        lambda: EdgeAttention(6, 0),
        lambda: EdgeAttention(6, 3, softmax_epsilon=-1e-6),
    ],
)
def test_contradictions_are_refused(build):
    with pytest.raises(ConfigError):
        build()
