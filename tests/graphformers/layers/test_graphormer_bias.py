"""Biases of attention, and those of Graphormer, pair by pair."""

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError, DataError
from graphformers.kernels import SparsePattern
from graphformers.layers import GraphAttention, PaddedRows
from graphformers.layers.bias_grid import bias_grid
from graphformers.layers.graphormer_bias import DegreeEmbedding, DistanceBias, PathBias

FLOAT64 = 1e-12
HEADS, DIM = 2, 8
PTRS = {
    "several": torch.tensor([0, 3, 4, 4, 9]),  # one graph is a single node, one is empty
    "one": torch.tensor([0, 5]),
}


def biased(ptr: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, SparsePattern]:
    torch.manual_seed(0)
    pairs = SparsePattern.complete(ptr)
    x = torch.randn(int(ptr[-1]), DIM, dtype=torch.float64)
    return x, torch.randn(pairs.num_edges, HEADS, dtype=torch.float64), pairs


@pytest.mark.parametrize("ptr", PTRS.values(), ids=PTRS)
@pytest.mark.parametrize("layout", ["sparse", "padded"])
def test_attention_adds_the_bias_to_its_logits(ptr, layout):
    x, bias, pairs = biased(ptr)
    layer = GraphAttention(DIM, HEADS).double()
    other = nn.MultiheadAttention(DIM, HEADS, batch_first=True).double()
    other.in_proj_weight.data = layer.query_key_value.weight.data
    other.out_proj.load_state_dict(layer.output.state_dict())
    if layout == "sparse":
        actual = layer(x, pairs, bias)
    else:
        rows = PaddedRows(ptr, len(x))
        actual = layer(x, rows, bias_grid(bias, pairs, rows))
    first = 0
    for start, end in zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True):
        size = end - start
        if size:
            graph = x[None, start:end]
            added = bias[first : first + size**2].view(size, size, HEADS).permute(2, 0, 1)
            expected = other(graph, graph, graph, attn_mask=added, need_weights=False)[0][0]
            torch.testing.assert_close(actual[start:end], expected, atol=FLOAT64, rtol=0)
        first += size**2


@pytest.mark.parametrize("ptr", PTRS.values(), ids=PTRS)
def test_both_layouts_have_the_same_gradients(ptr):
    x, bias, pairs = biased(ptr)
    layer, rows = GraphAttention(DIM, HEADS).double(), PaddedRows(ptr, len(x))
    gradients = []
    for layout in ("sparse", "padded"):
        inputs = (x.clone().requires_grad_(), bias.clone().requires_grad_())
        graphs = pairs if layout == "sparse" else rows
        given = inputs[1] if layout == "sparse" else bias_grid(inputs[1], pairs, rows)
        output = layer(inputs[0], graphs, given).square().sum()
        gradients.append(torch.autograd.grad(output, inputs))
    for sparse, padded in zip(*gradients, strict=True):
        torch.testing.assert_close(sparse, padded, atol=FLOAT64, rtol=FLOAT64)


def test_degrees_look_up_a_vector_each_way():
    edge_index = torch.tensor([[0, 0, 1, 2, 0], [1, 2, 2, 2, 1]])
    edges = SparsePattern.from_edge_index(edge_index, num_targets=4, num_sources=4)
    layer = DegreeEmbedding(4, 5, DIM)
    incoming, outgoing = layer.embedding.tables.split([4, 5])
    expected = torch.stack([incoming[i] + outgoing[o] for i, o in ((0, 3), (2, 1), (3, 1), (0, 0))])
    torch.testing.assert_close(layer(edges), expected)
    with pytest.raises(DataError, match="holds category 3, but its table ends at 2"):
        DegreeEmbedding(3, 5, DIM)(edges)


def test_distances_look_up_a_bias_per_head():
    layer = DistanceBias(4, HEADS)
    hops = torch.tensor([0, 3, 4, 1])  # 4: no path
    assert torch.equal(layer(hops), torch.stack([layer.table[hop] for hop in hops.tolist()]))


@pytest.mark.parametrize("counted", [False, True])
def test_paths_sum_their_edges_through_the_map_of_each_place(counted):
    torch.manual_seed(0)
    layer = PathBias(4, HEADS).double()
    edge = torch.randn(5, HEADS, dtype=torch.float64)
    unused = torch.randn(HEADS, dtype=torch.float64) if counted else None
    path = torch.tensor([[-1, -1, -1], [2, -1, -1], [0, 4, 1], [-1, -1, -1]])
    hops = torch.tensor([0, 1, 3, 4])
    rows = []
    for numbers, hop in zip(path.tolist(), hops.tolist(), strict=True):
        total = torch.zeros(HEADS, dtype=torch.float64)
        for place, number in enumerate([*numbers, -1]):
            if number >= 0:
                total = total + edge[number] @ layer.maps[place]
            elif counted:
                total = total + unused @ layer.maps[place]
        rows.append(total / max(hop, 1))
    actual = layer(edge, path, hops, unused)
    torch.testing.assert_close(actual, torch.stack(rows), atol=FLOAT64, rtol=0)


def test_a_table_of_a_single_distance_is_refused():
    with pytest.raises(ConfigError, match="distances 1, heads 2"):
        DistanceBias(1, 2)
