"""GINE and GatedGCN against their equations, edge by edge."""

import pytest
import torch

from graphformers.kernels import SparsePattern
from graphformers.layers import GINE, GatedGCN

FLOAT64 = 1e-12
DIM = 6
# node 3 receives nothing, node 4 has no edge, one edge is there twice, one is a loop
EDGE_INDEX = torch.tensor([[0, 1, 1, 2, 3, 0], [1, 0, 0, 2, 2, 2]])
NODES = 5


@pytest.fixture
def graph() -> tuple[torch.Tensor, torch.Tensor, SparsePattern]:
    torch.manual_seed(0)
    x = torch.randn(NODES, DIM, dtype=torch.float64)
    edge = torch.randn(EDGE_INDEX.shape[1], DIM, dtype=torch.float64)
    pattern = SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)
    return x, edge, pattern


def test_gine_follows_its_equation(graph):
    x, edge, pattern = graph
    layer = GINE(DIM).double()
    layer.epsilon.fill_(0.3)
    received = 1.3 * x
    for number, (source, target) in enumerate(EDGE_INDEX.T.tolist()):
        received[target] += (x[source] + edge[number]).relu()
    first, second = layer.update.layers
    expected = x + second(first(received).relu())
    actual, unchanged = layer(x, edge, pattern)
    torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=0)
    assert unchanged is edge


def test_gated_gcn_follows_its_equation(graph):
    x, edge, pattern = graph
    layer = GatedGCN(DIM).double().eval()
    a, b, d, e = layer.node_maps(x).chunk(4, dim=1)
    c = layer.edge_map(edge)
    logit, total, weight = torch.zeros_like(edge), torch.zeros_like(x), torch.zeros_like(x)
    for number, (source, target) in enumerate(EDGE_INDEX.T.tolist()):
        logit[number] = d[target] + e[source] + c[number]
        total[target] += logit[number].sigmoid() * b[source]
        weight[target] += logit[number].sigmoid()
    expected_x = x + layer.node_norm(a + total / (weight + 1e-6)).relu()
    expected_edge = edge + layer.edge_norm(logit).relu()
    actual_x, actual_edge = layer(x, edge, pattern)
    torch.testing.assert_close(actual_x, expected_x, atol=FLOAT64, rtol=0)
    torch.testing.assert_close(actual_edge, expected_edge, atol=FLOAT64, rtol=0)


@pytest.mark.parametrize("layer", [GINE(DIM), GatedGCN(DIM)], ids=["gine", "gated_gcn"])
def test_gradients_are_those_of_finite_differences(graph, layer):
    x, edge, pattern = graph
    layer = layer.double().eval()
    inputs = (x.requires_grad_(), edge.requires_grad_())
    assert torch.autograd.gradcheck(lambda *both: layer(*both, pattern), inputs)


@pytest.mark.parametrize("layer", [GINE(DIM), GatedGCN(DIM)], ids=["gine", "gated_gcn"])
def test_the_order_of_the_edges_does_not_matter(graph, layer):
    x, edge, pattern = graph
    layer, order = layer.double().eval(), torch.tensor([3, 5, 0, 4, 2, 1])
    shuffled = SparsePattern.from_edge_index(
        EDGE_INDEX[:, order], num_targets=NODES, num_sources=NODES
    )
    expected_x, expected_edge = layer(x, edge, pattern)
    actual_x, actual_edge = layer(x, edge[order], shuffled)
    torch.testing.assert_close(actual_x, expected_x, atol=FLOAT64, rtol=0)
    torch.testing.assert_close(actual_edge, expected_edge[order], atol=FLOAT64, rtol=0)
