"""GRIT's layers alone on tensors, each against its equation."""

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers import DegreeScaler, GRITAttention, GRITBlock, PairFeatures
from graphformers.layers.degree_scaler import log_degrees
from graphformers.layers.pair_features import of_nodes

FLOAT64 = 1e-12
GRADIENT = 1e-9  # of the largest entry: square roots near zero have steep slopes
NODES, DIM, HEADS = 6, 8, 2
WIDTH = DIM // HEADS
# node 3 receives nothing, node 5 has no edge, one edge is there twice
EDGE_INDEX = torch.tensor([[0, 1, 1, 2, 3, 0, 3], [1, 0, 0, 1, 2, 2, 4]])
EDGES = SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)
PTR = torch.tensor([0, 3, 4, 6])


def drawn(module: nn.Module) -> nn.Module:
    """In float64 with every parameter away from its initial value."""
    torch.manual_seed(1)
    for parameter in module.double().parameters():
        nn.init.normal_(parameter)
    return module


def inputs(num_pairs: int) -> tuple[torch.Tensor, ...]:
    """Nodes, pairs and the logarithms of degrees."""
    torch.manual_seed(0)
    x, pairs = torch.randn(NODES, DIM), torch.randn(num_pairs, DIM)
    return tuple(one.double().requires_grad_() for one in (x, pairs, torch.rand(NODES)))


def plain(layer: GRITAttention, x, pairs, edge_index, log_degree, kept=None):
    """The equations, head by head and node by node; ``kept`` masks pairs out of the softmax."""
    q, k, v = (x @ one.T for one in layer.query_key_value.weight.chunk(3))
    q, k, v = ((one).view(-1, HEADS, WIDTH) for one in (q + layer.query_bias, k, v))
    scale, shift = layer.pair_maps(pairs).view(-1, HEADS, 2 * WIDTH).chunk(2, dim=2)
    source, target = edge_index
    z = (q[target] + k[source]) * scale
    score = (z.relu().sqrt() - (-z).relu().sqrt() + shift).relu()
    logit = (score * layer.channel_weight).sum(dim=2).clamp(-layer.clamp, layer.clamp)
    if kept is not None:
        logit = logit.masked_fill(~kept[:, None], -torch.inf)
    rows = []
    for node in range(len(x)):
        into = (target == node).nonzero().flatten()
        weight = logit[into].softmax(dim=0).unsqueeze(2)
        value = v[source[into]] + torch.einsum("ehc,hcd->ehd", score[into], layer.pair_value)
        rows.append((weight * value).sum(dim=0).flatten())
    own, by_degree = layer.degree_scaler.weight
    attended = torch.stack(rows)
    attended = attended * own + attended * log_degree[:, None] * by_degree
    return x + layer.output(attended), pairs + layer.pair_output(score.flatten(1))


def close(actual: torch.Tensor, expected: torch.Tensor, tolerance: float = FLOAT64) -> None:
    torch.testing.assert_close(actual, expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("pattern", [EDGES, SparsePattern.complete(PTR)], ids=["edges", "pairs"])
def test_attention_computes_its_equations(pattern):
    layer = drawn(GRITAttention(DIM, HEADS))
    x, pairs, log_degree = inputs(pattern.num_edges)
    actual = layer(x, pairs, pattern, log_degree)
    for one, other in zip(
        actual, plain(layer, x, pairs, pattern.edge_index, log_degree), strict=True
    ):
        close(one, other)


def gradients(layer: nn.Module, given: tuple[torch.Tensor, ...], outputs) -> dict:
    """Of a weighted sum of both outputs, by the name of what it is the gradient for."""
    generator = torch.Generator().manual_seed(3)
    loss = sum(
        (one * torch.randn(one.shape, generator=generator, dtype=one.dtype)).sum()
        for one in outputs
    )
    named = dict(layer.named_parameters())
    named |= dict(zip(("x", "pairs", "log_degree"), given, strict=True))
    return dict(zip(named, torch.autograd.grad(loss, named.values()), strict=True))


@pytest.mark.parametrize("pattern", [EDGES, SparsePattern.complete(PTR)], ids=["edges", "pairs"])
def test_every_gradient_of_attention_is_that_of_its_equations(pattern):
    layer = drawn(GRITAttention(DIM, HEADS))
    given = x, pairs, log_degree = inputs(pattern.num_edges)
    actual = gradients(layer, given, layer(x, pairs, pattern, log_degree))
    literal = plain(layer, x, pairs, pattern.edge_index, log_degree)
    for name, expected in gradients(layer, given, literal).items():
        assert (actual[name] - expected).abs().max() <= GRADIENT * expected.abs().max(), name


def test_nearby_pairs_get_what_masking_out_the_others_gives():
    ring = torch.arange(NODES)
    graph = torch.stack([ring, (ring + 1) % NODES])
    everything = SparsePattern.complete(torch.tensor([0, NODES]))
    near = SparsePattern.from_edge_index(graph, num_targets=NODES, num_sources=NODES).k_hop(2)
    steps = (everything.target - everything.source) % NODES
    kept = steps <= 2
    layer = drawn(GRITAttention(DIM, HEADS))
    x, pairs, log_degree = inputs(everything.num_edges)
    expected = plain(layer, x, pairs, everything.edge_index, log_degree, kept)
    actual = layer(x, pairs[kept], near, log_degree)
    assert torch.equal(near.edge_index, everything.edge_index[:, kept])
    close(actual[0], expected[0])
    close(actual[1], expected[1][kept])


def test_a_score_of_exactly_zero_passes_no_gradient_and_no_nan():
    layer = drawn(GRITAttention(DIM, HEADS))
    with torch.no_grad():
        layer.query_key_value.weight[: 2 * DIM] = 0
        layer.query_bias.zero_()
        layer.pair_maps.bias.view(HEADS, 2, WIDTH)[:, 1] = 20.0  # far from relu's own zero
    x, pairs, log_degree = inputs(EDGES.num_edges)
    outputs = layer(x, pairs, EDGES, log_degree)
    found = gradients(layer, (x, pairs, log_degree), outputs)
    assert all(one.isfinite().all() for one in found.values())
    assert found["query_bias"].abs().max() == 0
    assert found["query_key_value.weight"][: 2 * DIM].abs().max() == 0
    assert found["query_key_value.weight"][2 * DIM :].abs().max() > 0
    assert found["pair_maps.bias"].abs().max() > 0


def test_a_node_without_pairs_adds_the_bias_of_the_output():
    layer = drawn(GRITAttention(DIM, HEADS))
    x, pairs, log_degree = inputs(EDGES.num_edges)
    out, _ = layer(x, pairs, EDGES, log_degree)
    close(out[[3, 5]], x[[3, 5]] + layer.output.bias, tolerance=0)


def test_large_logits_stop_at_the_clamp():
    layer = drawn(GRITAttention(DIM, HEADS))
    with torch.no_grad():
        layer.channel_weight.fill_(1e6)  # every logit is 0 or far above the clamp
        layer.pair_maps.bias.view(HEADS, 2, WIDTH)[:, 1] = 20.0
    x, pairs, log_degree = inputs(EDGES.num_edges)
    out, _ = layer(x, pairs, EDGES, log_degree)
    with torch.no_grad():
        layer.channel_weight.zero_()
    close(out, layer(x, pairs, EDGES, log_degree)[0], tolerance=1e-10)


def test_dropped_weights_leave_the_pairs_alone():
    layer = drawn(GRITAttention(DIM, HEADS, attention_dropout=0.5))
    x, pairs, log_degree = inputs(EDGES.num_edges)
    out, features = layer(x, pairs, EDGES, log_degree)
    expected, expected_features = layer.eval()(x, pairs, EDGES, log_degree)
    close(features, expected_features)
    assert (out - expected).abs().max() > 0


def test_heads_must_divide_the_width():
    with pytest.raises(ConfigError, match="dim 8, heads 3"):
        GRITAttention(8, 3)


def test_pairs_must_be_those_of_the_pattern():
    layer = GRITAttention(DIM, HEADS)
    with pytest.raises(ShapeError, match="edge must be"):
        layer(torch.randn(NODES, DIM), torch.randn(3, DIM), EDGES, torch.zeros(NODES))


def test_a_block_normalises_after_every_residual():
    block = drawn(GRITBlock(GRITAttention(DIM, HEADS)))
    x, pairs, log_degree = inputs(EDGES.num_edges)

    def norm(values, module):
        mean, variance = values.mean(dim=0), values.var(dim=0, unbiased=False)
        return (values - mean) / (variance + 1e-5).sqrt() * module.weight + module.bias

    node, pair = plain(block.attention, x, pairs, EDGE_INDEX, log_degree)
    h = norm(node, block.attention_norm)
    h = norm(h + block.narrow(block.widen(h).relu()), block.output_norm)
    actual = block(x, pairs, EDGES, log_degree)
    close(actual[0], h, tolerance=1e-10)
    close(actual[1], norm(pair, block.pair_norm), tolerance=1e-10)


def graphs() -> GraphBatch:
    return GraphBatch(x=torch.zeros(NODES, 1), edge_index=EDGE_INDEX, ptr=torch.tensor([0, NODES]))


def test_degrees_count_the_edges_that_leave():
    expected = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0, 0.0]) + torch.tensor([1, 1, 0, 1, 0, 0])
    assert torch.equal(log_degrees(graphs()), (1 + expected).log())
    close(log_degrees(graphs(), torch.float64), (1 + expected).double().log())


def test_the_degree_scaler_computes_its_equation():
    layer = drawn(DegreeScaler(DIM))
    x, _, log_degree = inputs(1)
    own, by_degree = layer.weight
    close(layer(x, log_degree), own * x + log_degree.unsqueeze(1) * by_degree * x)


@pytest.mark.parametrize("hops", [None, 1])
def test_pair_features_add_up_parallel_edges(hops):
    pattern = SparsePattern.complete(torch.tensor([0, NODES])) if hops is None else EDGES.k_hop(1)
    layer = drawn(PairFeatures(3, DIM))
    torch.manual_seed(4)
    encoding = torch.randn(pattern.num_edges, 3, dtype=torch.float64)
    edge = torch.randn(EDGE_INDEX.shape[1], DIM, dtype=torch.float64, requires_grad=True)
    rows = []
    for pair, values in zip(pattern.edge_index.T.tolist(), encoding, strict=True):
        own = [edge[n] for n, ends in enumerate(EDGE_INDEX.T.tolist()) if ends == pair]
        rows.append(layer.linear.weight @ values + sum(own))
    actual, expected = layer(encoding, edge, EDGE_INDEX, pattern), torch.stack(rows)
    close(actual, expected)
    weight, given = torch.randn_like(expected), (edge, layer.linear.weight)
    found, literal = (
        torch.autograd.grad((one * weight).sum(), given) for one in (actual, expected)
    )
    close(found[0], literal[0])
    close(found[1], literal[1])


def test_a_pair_about_which_nothing_is_known_is_zero():
    pattern = SparsePattern.complete(torch.tensor([0, NODES]))
    edge, nothing = torch.ones(EDGE_INDEX.shape[1], DIM), torch.zeros(pattern.num_edges, 3)
    features = PairFeatures(3, DIM)(nothing, edge, EDGE_INDEX, pattern)
    assert int((features != 0).any(dim=1).sum()) == len({*map(tuple, EDGE_INDEX.T.tolist())})


def test_an_edge_between_two_graphs_is_named():
    pattern = SparsePattern.complete(PTR)
    encoding, edge = torch.zeros(pattern.num_edges, 3), torch.zeros(EDGE_INDEX.shape[1], DIM)
    with pytest.raises(ShapeError, match="no pair 3 -> 2, which edge 4 joins"):
        PairFeatures(3, DIM)(encoding, edge, EDGE_INDEX, pattern)


def test_an_encoding_of_pairs_says_something_of_the_nodes_themselves():
    pattern = SparsePattern.complete(PTR)
    encoding = torch.arange(pattern.num_edges, dtype=torch.float32).unsqueeze(1)
    own = pattern.source == pattern.target
    assert torch.equal(of_nodes(encoding, pattern), encoding[own])
