"""Attention inside each graph, in both layouts."""

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern
from graphformers.layers import GINE, GPSBlock, GraphAttention, PaddedRows

FLOAT64 = 1e-12
DROPOUT_ERROR = 0.1  # of the mean over DRAWS calls
DRAWS = 1000
PTR = torch.tensor([0, 3, 4, 4, 9])  # one graph is a single node, one is empty
NODES, DIM, HEADS = 9, 8, 2

LAYOUTS = {
    "sparse": SparsePattern.complete(PTR),
    "padded": PaddedRows(PTR, NODES),
}


@pytest.fixture
def x() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(NODES, DIM, dtype=torch.float64)


def reference(layer: GraphAttention) -> nn.MultiheadAttention:
    other = nn.MultiheadAttention(DIM, HEADS, batch_first=True).double()
    other.in_proj_weight.data = layer.query_key_value.weight.data
    other.in_proj_bias.data = layer.query_key_value.bias.data
    other.out_proj.load_state_dict(layer.output.state_dict())
    return other


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_graph_gets_ordinary_multi_head_attention(x, layout):
    layer = GraphAttention(DIM, HEADS).double()
    nn.init.normal_(layer.query_key_value.bias)
    other = reference(layer)
    actual = layer(x, LAYOUTS[layout])
    for start, end in zip(PTR[:-1].tolist(), PTR[1:].tolist(), strict=True):
        if end > start:
            graph = x[None, start:end]
            expected = other(graph, graph, graph, need_weights=False)[0][0]
            torch.testing.assert_close(actual[start:end], expected, atol=FLOAT64, rtol=0)


def test_both_layouts_have_the_same_gradients(x):
    layer = GraphAttention(DIM, HEADS).double()
    gradients = []
    for graphs in LAYOUTS.values():
        inputs = (x.clone().requires_grad_(), *layer.parameters())
        output = layer(inputs[0], graphs)
        gradients.append(torch.autograd.grad(output.square().sum(), inputs))
    for sparse, padded in zip(*gradients, strict=True):
        torch.testing.assert_close(sparse, padded, atol=FLOAT64, rtol=FLOAT64)


def test_any_pattern_may_be_attended_along():
    """A node that sees one other node takes its value; one that sees nothing gets the bias."""
    layer = GraphAttention(DIM, HEADS)
    nn.init.normal_(layer.output.bias)
    pattern = SparsePattern.from_edge_index(torch.tensor([[1], [0]]), num_targets=2, num_sources=2)
    x = torch.randn(2, DIM)
    value = layer.query_key_value(x)[:, 2 * DIM :]
    expected = torch.stack([layer.output(value[1]), layer.output.bias])
    torch.testing.assert_close(layer(x, pattern), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dropout_keeps_the_mean(x, layout):
    layer = GraphAttention(DIM, HEADS, dropout=0.5).double()
    expected = layer.eval()(x, LAYOUTS[layout])
    torch.manual_seed(0)
    layer.train()
    drawn = torch.stack([layer(x, LAYOUTS[layout]) for _ in range(DRAWS)])
    assert drawn.std(dim=0).max() > DROPOUT_ERROR
    torch.testing.assert_close(drawn.mean(dim=0), expected, atol=DROPOUT_ERROR, rtol=0)


def test_heads_must_divide_the_width():
    with pytest.raises(ConfigError, match="dim 8, heads 3"):
        GraphAttention(8, 3)


def test_a_block_is_made_of_any_local_layer_in_one_line(x):
    block = GPSBlock(DIM, GINE(DIM), GraphAttention(DIM, HEADS)).double().eval()
    no_edges = SparsePattern.from_edge_index(
        torch.empty(2, 0, dtype=torch.int64), num_targets=NODES, num_sources=NODES
    )
    edge = x.new_zeros(0, DIM)
    outputs = [block(x, edge, no_edges, graphs)[0] for graphs in LAYOUTS.values()]
    torch.testing.assert_close(*outputs, atol=FLOAT64, rtol=0)
