"""Virtual nodes against one large graph with edges of three types."""

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern
from graphformers.layers import (
    GatedGCN,
    VirtualNodeBlock,
    VirtualNodeGraph,
    VirtualNodeInput,
    VirtualNodeStates,
)

FLOAT64 = 1e-12
DIM, NODES = 4, 6
PTR = torch.tensor([0, 3, 3, 4, 6])  # one graph without nodes, one with a single node
# node 2 receives nothing, node 3 has no edge, one edge is there twice, one is a loop
EDGE_INDEX = torch.tensor([[0, 1, 1, 5, 2, 0], [1, 0, 0, 4, 0, 0]])
GRAPH = [0, 0, 0, 2, 3, 3]
VIRTUAL = [NODES + graph for graph in GRAPH]


@pytest.fixture
def edges() -> SparsePattern:
    return SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)


@pytest.fixture
def states() -> VirtualNodeStates:
    torch.manual_seed(0)
    rows = (NODES + len(PTR) - 1, EDGE_INDEX.shape[1], NODES, NODES)
    return VirtualNodeStates(*(torch.randn(count, DIM, dtype=torch.float64) for count in rows))


def relations() -> dict[str, torch.Tensor]:
    """Every relation as an edge index of the large graph."""
    node = torch.arange(NODES)
    virtual = torch.tensor(VIRTUAL)
    return {
        "local": EDGE_INDEX,
        "gather": torch.stack([node, virtual]),
        "scatter": torch.stack([virtual, node]),
    }


def literal_changes(layer: GatedGCN, x, edge, edge_index):
    """One gated graph convolution, edge by edge, without its residuals."""
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
def test_a_block_is_convolutions_on_one_large_graph(
    edges, states, local_edges, residual_per_relation, training
):
    block = VirtualNodeBlock(
        DIM, local_edges=local_edges, residual_per_relation=residual_per_relation
    )
    block = block.double().train(training)
    names = ("local", "gather", "scatter") if local_edges else ("gather", "scatter")
    changes = {
        name: literal_changes(
            getattr(block, name), states.nodes, getattr(states, name), relations()[name]
        )
        for name in names
    }
    copies = len(names) if residual_per_relation else 1
    expected = copies * states.nodes + sum(change for change, _ in changes.values())
    graph = VirtualNodeGraph(PTR, NODES, edges if local_edges else None)
    actual = block(states, graph)
    torch.testing.assert_close(actual.nodes, expected, atol=FLOAT64, rtol=0)
    for name in names:
        wanted = getattr(states, name) + changes[name][1]
        torch.testing.assert_close(getattr(actual, name), wanted, atol=FLOAT64, rtol=0)
    if not local_edges:
        assert actual.local is states.local


def test_residuals_per_relation_are_complete_layers_added_up(edges, states):
    block = VirtualNodeBlock(DIM, residual_per_relation=True).double().eval()
    everyone = len(states.nodes)
    expected = sum(
        getattr(block, name)(
            states.nodes,
            getattr(states, name),
            SparsePattern.from_edge_index(index, num_targets=everyone, num_sources=everyone),
        )[0]
        for name, index in relations().items()
    )
    actual = block(states, VirtualNodeGraph(PTR, NODES, edges)).nodes
    torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=0)


@pytest.mark.parametrize("name", ["local", "gather", "scatter"])
def test_patterns_need_no_sorting(edges, name):
    pattern = getattr(VirtualNodeGraph(PTR, NODES, edges), name)
    everyone = NODES + len(PTR) - 1
    expected = SparsePattern.from_edge_index(
        relations()[name], num_targets=everyone, num_sources=everyone
    )
    assert torch.equal(pattern.row_ptr, expected.row_ptr)
    assert torch.equal(pattern.source, expected.source)
    assert torch.equal(pattern.edge, expected.edge)


def test_gradients_are_those_of_finite_differences(edges, states):
    block = VirtualNodeBlock(DIM).double().eval()
    graph = VirtualNodeGraph(PTR, NODES, edges)
    inputs = tuple(one.requires_grad_() for one in states)

    def function(*given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(one for one in block(VirtualNodeStates(*given), graph) if one is not None)

    assert torch.autograd.gradcheck(function, inputs)


def test_news_from_a_node_reaches_its_whole_graph_in_two_blocks(states):
    graph = VirtualNodeGraph(PTR, NODES)
    blocks = [VirtualNodeBlock(DIM, local_edges=False).double().eval() for _ in range(2)]
    nodes = states.nodes.clone().requires_grad_()
    flow = states._replace(nodes=nodes, local=None)
    for block in blocks:
        flow = block(flow, graph)
    flow.nodes[0].sum().backward()
    reached = nodes.grad.abs().sum(1) > 0
    assert reached.tolist() == [True, True, True, False, False, False, True, False, False, False]


def test_virtual_nodes_and_their_edges_start_from_learned_vectors(edges):
    start, graph = VirtualNodeInput(DIM), VirtualNodeGraph(PTR, NODES, edges)
    x, edge = torch.randn(NODES, DIM), torch.randn(EDGE_INDEX.shape[1], DIM)
    for number, one in enumerate(start.parameters()):
        torch.nn.init.constant_(one, number + 1.0)
    states = start(x, edge, graph)
    assert torch.equal(states.nodes[:NODES], x)
    assert torch.equal(states.nodes[NODES:], start.node.expand(len(PTR) - 1, -1))
    assert states.local is edge
    assert torch.equal(states.gather, start.gather.expand(NODES, -1))
    assert torch.equal(states.scatter, start.scatter.expand(NODES, -1))


def test_edges_of_other_nodes_are_refused(edges):
    with pytest.raises(ShapeError, match="must join 5 nodes"):
        VirtualNodeGraph(torch.tensor([0, 5]), 5, edges)


def test_a_block_with_local_edges_asks_for_them(states):
    with pytest.raises(ShapeError, match=r"batch\.edges"):
        VirtualNodeBlock(DIM).double()(states, VirtualNodeGraph(PTR, NODES))
