"""The convolutions of torch-geometric that GPS offers, against their equations, edge by edge."""

import pytest
import torch
from torch.nn.functional import leaky_relu

from graphformers.kernels import SparsePattern
from graphformers.models.gps.local import (
    GATConfig,
    GCNConfig,
    GENConfig,
    GINConfig,
    LayerShape,
    LocalConfig,
    PNAConfig,
)

FLOAT64 = 1e-12
DIM, HEADS, NODES = 6, 2, 5
# node 3 receives nothing, node 4 has no edge, one edge is there twice
EDGE_INDEX = torch.tensor([[0, 1, 1, 2, 3, 0], [1, 0, 0, 1, 2, 2]])
PATTERN = SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)
SHAPE = LayerShape(dim=DIM, heads=HEADS, dropout=0.0, activation="gelu", stable=False)


@pytest.fixture
def graph() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    x = torch.randn(NODES, DIM, dtype=torch.float64)
    return x, torch.randn(EDGE_INDEX.shape[1], DIM, dtype=torch.float64)


def built(config: LocalConfig):
    layer = config.build(SHAPE).double().eval()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer, layer.conv


def incoming(node: int) -> list[tuple[int, int]]:
    """Number and source of every edge into a node."""
    ends = enumerate(EDGE_INDEX.T.tolist())
    return [(number, source) for number, (source, target) in ends if target == node]


def gcn(conv, x, edge):
    degree = [len(incoming(node)) + 1 for node in range(NODES)]
    mapped, rows = x @ conv.lin.weight.T, []
    for i in range(NODES):
        sources = [j for _, j in incoming(i)] + [i]
        rows.append(sum(mapped[j] / (degree[i] * degree[j]) ** 0.5 for j in sources) + conv.bias)
    return torch.stack(rows)


def gin(conv, x, edge):
    summed = torch.stack([x[i] + sum(x[j] for _, j in incoming(i)) for i in range(NODES)])
    return conv.nn[2](torch.nn.functional.gelu(conv.nn[0](summed)))


def gen(conv, x, edge):
    rows = []
    for i in range(NODES):
        messages = [(x[j] + edge[e]).relu() + 1e-7 for e, j in incoming(i)]
        if not messages:
            rows.append(x[i])
            continue
        stacked = torch.stack(messages)
        rows.append(x[i] + (stacked.softmax(dim=0) * stacked).sum(dim=0))
    return conv.mlp(torch.stack(rows))


def gat(conv, x, edge):
    width, rows = DIM // HEADS, []
    mapped = (x @ conv.lin.weight.T).view(NODES, HEADS, width)
    for i in range(NODES):
        ends = incoming(i)
        loop = sum((edge[e] for e, _ in ends), torch.zeros_like(edge[0])) / max(len(ends), 1)
        pairs = [(edge[e], j) for e, j in ends] + [(loop, i)]
        logits = []
        for features, j in pairs:
            of_edge = (conv.lin_edge.weight @ features).view(HEADS, width)
            score = conv.att_src[0] * mapped[j] + conv.att_dst[0] * mapped[i]
            logits.append(leaky_relu((score + conv.att_edge[0] * of_edge).sum(-1), 0.2))
        weight = torch.stack(logits).softmax(dim=0)
        values = torch.stack([mapped[j] for _, j in pairs])
        rows.append((weight.unsqueeze(-1) * values).sum(dim=0).flatten() + conv.bias)
    return torch.stack(rows)


def pna(conv, x, edge):
    rows = []
    for i in range(NODES):
        messages = [
            conv.pre_nns[0](torch.cat([x[i], x[j], conv.edge_encoder(edge[e])]))
            for e, j in incoming(i)
        ]
        stacked = torch.stack(messages) if messages else torch.zeros(1, DIM, dtype=x.dtype)
        found = stacked.mean(0), stacked.amax(0), stacked.sum(0)
        rows.append(conv.post_nns[0](torch.cat([x[i], *found])))
    return conv.lin(torch.stack(rows))


EQUATIONS = {
    "gcn": (GCNConfig(), gcn),
    "gin": (GINConfig(), gin),
    "gen": (GENConfig(), gen),
    "gat": (GATConfig(), gat),
    "pna": (PNAConfig(), pna),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_it_adds_the_convolution_to_its_input(graph, name):
    config, equation = EQUATIONS[name]
    layer, conv = built(config)
    x, edge = graph
    actual, unchanged = layer(x, edge, PATTERN)
    expected = x + equation(conv, x, edge)
    torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=FLOAT64)
    assert unchanged is edge


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_order_of_the_edges_does_not_matter(graph, name):
    layer, _ = built(EQUATIONS[name][0])
    x, edge = graph
    order = torch.tensor([3, 5, 0, 4, 2, 1])
    shuffled = SparsePattern.from_edge_index(
        EDGE_INDEX[:, order], num_targets=NODES, num_sources=NODES
    )
    expected = layer(x, edge, PATTERN)[0]
    actual = layer(x, edge[order], shuffled)[0]
    torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=FLOAT64)


@pytest.mark.parametrize("name", EQUATIONS)
def test_a_single_node_without_edges_trains(name):
    layer = EQUATIONS[name][0].build(SHAPE).train()
    empty = torch.zeros(2, 0, dtype=torch.int64)
    pattern = SparsePattern.from_edge_index(empty, num_targets=1, num_sources=1)
    x = torch.randn(1, DIM, requires_grad=True)
    layer(x, torch.zeros(0, DIM), pattern)[0].sum().backward()
    assert x.grad.isfinite().all()


def test_dropout_spares_the_residual(graph):
    x, edge = graph
    layer = GCNConfig().build(LayerShape(**(vars(SHAPE) | {"dropout": 1.0 - 1e-9}))).double()
    assert torch.equal(layer.train()(x, edge, PATTERN)[0], x)
