"""Virtual nodes against one large graph with edges of three types."""

import pytest
import torch

from graphformers.errors import ConfigError, ShapeError
from graphformers.kernels import SparsePattern
from graphformers.layers import (
    GatedGCN,
    RelationalGatedGCN,
    VirtualNodeGraph,
    VirtualNodeInput,
)

FLOAT64 = 1e-12
DIM, NODES = 4, 6
PTR = torch.tensor([0, 3, 3, 4, 6])  # one graph without nodes, one with a single node
EVERYONE = NODES + len(PTR) - 1
# node 2 receives nothing, node 3 has no edge, one edge is there twice, one is a loop
EDGE_INDEX = torch.tensor([[0, 1, 1, 5, 2, 0], [1, 0, 0, 4, 0, 0]])
NODE, VIRTUAL = torch.arange(NODES), NODES + torch.tensor([0, 0, 0, 2, 3, 3])
RELATIONS = [torch.stack([NODE, VIRTUAL]), torch.stack([VIRTUAL, NODE]), EDGE_INDEX]

States = tuple[torch.Tensor, list[torch.Tensor]]


@pytest.fixture
def edges() -> SparsePattern:
    return SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)


@pytest.fixture
def states() -> States:
    torch.manual_seed(0)
    rows = (EVERYONE, *(index.shape[1] for index in RELATIONS))
    x, *features = (torch.randn(count, DIM, dtype=torch.float64) for count in rows)
    return x, features


def single(layer: RelationalGatedGCN, relation: int) -> GatedGCN:
    """The convolution of one relation, as a layer of its own."""
    part = slice(4 * DIM * relation, 4 * DIM * (relation + 1))
    channels = slice(DIM * relation, DIM * (relation + 1))
    alone = GatedGCN(DIM).double()
    weights = {
        **{f"node_maps.{one}": value[part] for one, value in layer.node_maps.state_dict().items()},
        **{
            f"node_norm.{one}": value[channels] if value.ndim else value
            for one, value in layer.node_norm.state_dict().items()
        },
        **{
            f"edge_{kind}.{one}": value
            for kind, modules in (("map", layer.edge_maps), ("norm", layer.edge_norms))
            for one, value in modules[relation].state_dict().items()
        },
    }
    alone.load_state_dict(weights)
    return alone.train(layer.training)


def literal(layer: GatedGCN, x, edge, edge_index):
    """Changes by one gated graph convolution, edge by edge."""
    a, b, d, e = layer.node_maps(x).chunk(4, dim=1)
    c = layer.edge_map(edge)
    logit, total, weight = torch.zeros_like(edge), torch.zeros_like(x), torch.zeros_like(x)
    for number, (source, target) in enumerate(edge_index.T.tolist()):
        logit[number] = d[target] + e[source] + c[number]
        total[target] += logit[number].sigmoid() * b[source]
        weight[target] += logit[number].sigmoid()
    update = a + total / (weight + 1e-6)
    return layer.node_norm(update).relu(), layer.edge_norm(logit).relu()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("residual_per_relation", [True, False])
@pytest.mark.parametrize("local_edges", [True, False])
def test_a_layer_is_convolutions_on_one_large_graph(
    edges, states, local_edges, residual_per_relation, training
):
    graph = VirtualNodeGraph(PTR, NODES, edges if local_edges else None)
    (x, features), count = states, graph.relations
    layer = RelationalGatedGCN(DIM, count, residual_per_relation=residual_per_relation)
    layer = layer.double().train(training)
    changes = [
        literal(single(layer, number), x, features[number], RELATIONS[number])
        for number in range(count)
    ]
    copies = count if residual_per_relation else 1
    nodes, relations = layer(x, features[:count], graph.pattern)
    expected = copies * x + sum(change for change, _ in changes)
    torch.testing.assert_close(nodes, expected, atol=FLOAT64, rtol=0)
    assert len(relations) == count
    for actual, feature, (_, change) in zip(relations, features, changes, strict=False):
        torch.testing.assert_close(actual, feature + change, atol=FLOAT64, rtol=0)


def test_residuals_per_relation_are_complete_layers_added_up(edges, states):
    x, features = states
    layer = RelationalGatedGCN(DIM, 3, residual_per_relation=True).double().eval()
    complete = [
        single(layer, number)(
            x,
            features[number],
            SparsePattern.from_edge_index(index, num_targets=EVERYONE, num_sources=EVERYONE),
        )
        for number, index in enumerate(RELATIONS)
    ]
    nodes, relations = layer(x, features, VirtualNodeGraph(PTR, NODES, edges).pattern)
    expected = sum(one for one, _ in complete)
    torch.testing.assert_close(nodes, expected, atol=FLOAT64, rtol=0)
    for actual, (_, wanted) in zip(relations, complete, strict=True):
        torch.testing.assert_close(actual, wanted, atol=FLOAT64, rtol=0)


@pytest.mark.parametrize("local_edges", [True, False])
def test_the_pattern_is_that_of_the_edge_lists(edges, local_edges):
    graph = VirtualNodeGraph(PTR, NODES, edges if local_edges else None)
    count = graph.relations
    rows = [index * count + number for number, index in enumerate(RELATIONS[:count])]
    expected = SparsePattern.from_edge_index(
        torch.cat(rows, dim=1), num_targets=EVERYONE * count, num_sources=EVERYONE * count
    )
    assert torch.equal(graph.pattern.row_ptr, expected.row_ptr)
    assert torch.equal(graph.pattern.source, expected.source)
    assert torch.equal(graph.pattern.edge, expected.edge)
    sizes = (graph.pattern.num_targets, graph.pattern.num_sources)
    assert sizes == (expected.num_targets, expected.num_sources)


def test_gradients_are_those_of_finite_differences(edges, states):
    layer = RelationalGatedGCN(DIM, 3).double().eval()
    pattern = VirtualNodeGraph(PTR, NODES, edges).pattern
    inputs = tuple(one.requires_grad_() for one in (states[0], *states[1]))

    def function(x: torch.Tensor, *features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        nodes, relations = layer(x, features, pattern)
        return nodes, *relations

    assert torch.autograd.gradcheck(function, inputs)


def test_news_from_a_node_reaches_its_whole_graph_in_two_layers(states):
    pattern = VirtualNodeGraph(PTR, NODES).pattern
    nodes = states[0].clone().requires_grad_()
    x, features = nodes, states[1][:2]
    for _ in range(2):
        x, features = RelationalGatedGCN(DIM, 2).double().eval()(x, features, pattern)
    x[0].sum().backward()
    reached = nodes.grad.abs().sum(1) > 0
    assert reached.nonzero().flatten().tolist() == [0, 1, 2, NODES]


def test_virtual_nodes_and_their_edges_start_from_learned_vectors(edges):
    start, graph = VirtualNodeInput(DIM), VirtualNodeGraph(PTR, NODES, edges)
    x, edge = torch.randn(NODES, DIM), torch.randn(EDGE_INDEX.shape[1], DIM)
    for number, one in enumerate(start.parameters()):
        torch.nn.init.constant_(one, number + 1.0)
    nodes, (gather, scatter, local) = start(x, edge, graph)
    assert torch.equal(nodes[:NODES], x)
    assert torch.equal(nodes[NODES:], start.node.expand(len(PTR) - 1, -1))
    assert local is edge
    assert torch.equal(gather, start.gather.expand(NODES, -1))
    assert torch.equal(scatter, start.scatter.expand(NODES, -1))
    assert len(start(x, None, VirtualNodeGraph(PTR, NODES))[1]) == 2


def test_edges_of_other_nodes_are_refused(edges):
    with pytest.raises(ShapeError, match="must join 5 nodes"):
        VirtualNodeGraph(torch.tensor([0, 5]), 5, edges)


def test_every_relation_needs_its_edges(states):
    x, features = states
    layer, graph = RelationalGatedGCN(DIM, 3).double(), VirtualNodeGraph(PTR, NODES)
    with pytest.raises(ShapeError, match="edges of 3 relations; got 2"):
        layer(x, features[:2], graph.pattern)


def test_a_layer_needs_a_relation():
    with pytest.raises(ConfigError, match="at least one relation"):
        RelationalGatedGCN(DIM, 0)
