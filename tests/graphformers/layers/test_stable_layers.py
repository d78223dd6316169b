"""Message passing weighted by distance, edge by edge."""

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern
from graphformers.layers import GINE, GatedGCN, GPSBlock
from graphformers.layers.stable_gated_gcn import StableGatedGCN, joint_logit
from graphformers.layers.stable_gine import StableGINE
from graphformers.layers.stable_layer import StablePositions

FLOAT64 = 1e-12
DIM, FREQUENCIES, NODES = 6, 3, 5
# node 3 receives nothing, node 4 has no edge, one edge is there twice, one is a loop
EDGE_INDEX = torch.tensor([[0, 1, 1, 2, 3, 0], [1, 0, 0, 2, 2, 2]])
PATTERN = SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)
LAYERS = {
    "gine": StableGINE(DIM, activation="silu"),
    "gated_gcn": StableGatedGCN(DIM, activation="silu"),
}


@pytest.fixture
def graph() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    x = torch.randn(NODES, DIM, dtype=torch.float64)
    edge = torch.randn(EDGE_INDEX.shape[1], DIM, dtype=torch.float64)
    return x, edge, torch.rand(EDGE_INDEX.shape[1], dtype=torch.float64) * 3


def test_gine_follows_its_equation(graph):
    x, edge, distance = graph
    layer = LAYERS["gine"].double().eval()
    first, second = layer.gate.mlp.layers
    received = x.clone()
    for number, (source, target) in enumerate(EDGE_INDEX.T.tolist()):
        share = second(first(distance[number, None]).relu()).sigmoid()
        received[target] += share * (x[source] + edge[number]).relu()
    first, second = layer.update.layers
    expected = x + second(torch.nn.functional.silu(first(received)))
    actual, unchanged = layer(x, edge, PATTERN, distance)
    torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=0)
    assert unchanged is edge


def test_gated_gcn_follows_its_equation(graph):
    x, edge, distance = graph
    layer, silu = LAYERS["gated_gcn"].double().eval(), torch.nn.functional.silu
    first, second = layer.gate.mlp.layers
    a, b, d, e = layer.node_maps(x).chunk(4, dim=1)
    c = layer.edge_map(edge)
    logit, total, weight = torch.zeros_like(edge), torch.zeros_like(x), torch.zeros_like(x)
    for number, (source, target) in enumerate(EDGE_INDEX.T.tolist()):
        logit[number] = d[target] + e[source] + c[number]
        share = logit[number].sigmoid() * second(silu(first(distance[number, None]))).sigmoid()
        total[target] += share * b[source]
        weight[target] += share
    expected_x = x + silu(layer.node_norm(a + total / (weight + 1e-6)))
    expected_edge = edge + silu(layer.edge_norm(logit))
    actual_x, actual_edge = layer(x, edge, PATTERN, distance)
    torch.testing.assert_close(actual_x, expected_x, atol=FLOAT64, rtol=0)
    torch.testing.assert_close(actual_edge, expected_edge, atol=FLOAT64, rtol=0)


def test_the_joint_logit_is_that_of_the_product_of_two_sigmoids():
    first, second = torch.randn(2, 50, dtype=torch.float64) * 5
    product = first.sigmoid() * second.sigmoid()
    torch.testing.assert_close(joint_logit(first, second).sigmoid(), product, atol=1e-14, rtol=0)
    extreme = torch.tensor([-1e3, 1e3], requires_grad=True)
    logit = joint_logit(extreme, extreme.flip(0))
    assert logit.isfinite().all()
    logit.sum().backward()
    assert extreme.grad.isfinite().all()


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_those_of_finite_differences(graph, name):
    layer = LAYERS[name].double().eval()
    inputs = tuple(one.requires_grad_() for one in graph)
    assert torch.autograd.gradcheck(lambda x, e, d: layer(x, e, PATTERN, d), inputs)


@pytest.mark.parametrize("raw_norm", [False, True])
def test_distances_are_those_between_the_mapped_eigenvectors(raw_norm):
    torch.manual_seed(0)
    positions = StablePositions(FREQUENCIES, DIM, raw_norm=raw_norm).double()
    eigenvectors = torch.randn(NODES, FREQUENCIES, dtype=torch.float64)
    eigenvectors[3:, 2] = torch.nan
    known = eigenvectors.nan_to_num()
    if raw_norm:
        spread = (known - known.mean(0)).square().mean(0)
        known = (known - known.mean(0)) / (spread + 1e-5).sqrt()
    mapped = known @ positions.linear.weight.T + positions.linear.bias
    expected = [(mapped[i] - mapped[j]).square().sum() for j, i in EDGE_INDEX.T.tolist()]
    actual = positions(eigenvectors, PATTERN)
    torch.testing.assert_close(actual, torch.stack(expected), atol=FLOAT64, rtol=0)


@pytest.mark.parametrize(("plain", "stable"), [(GINE, StableGINE), (GatedGCN, StableGatedGCN)])
def test_a_gate_that_is_open_leaves_the_plain_layer(graph, plain, stable):
    x, edge, distance = graph
    layer, other = stable(DIM).double().eval(), plain(DIM).double().eval()
    other.load_state_dict(layer.state_dict(), strict=False)
    layer.gate.mlp.layers[1].weight.data.zero_()
    layer.gate.mlp.layers[1].bias.data.fill_(100.0)
    for actual, expected in zip(
        layer(x, edge, PATTERN, distance), other(x, edge, PATTERN), strict=True
    ):
        torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=0)


def test_a_block_without_distances_says_so(graph):
    x, edge, _ = graph
    block = GPSBlock(DIM, StableGINE(DIM), None).double()
    with pytest.raises(ShapeError, match="distance for every edge; got none"):
        block(x, edge, PATTERN, PATTERN)
