import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import NodeOrder, SparsePattern, sparse_attention
from graphformers.kernels.ordering.curves import hilbert_key, morton_key
from graphformers.kernels.pattern_cases import mesh_pattern, random_pattern

CLOSE = 1e-12  # relative; a row adds its edges in another order


def scattered_mesh(nodes: int = 300) -> SparsePattern:
    """A mesh whose nodes have lost their order."""
    mesh = mesh_pattern(nodes, 4, reach=5)
    lost = torch.randperm(nodes, generator=torch.Generator().manual_seed(0))
    return SparsePattern.from_edge_index(
        lost[mesh.edge_index], num_targets=nodes, num_sources=nodes
    )


def cloud(nodes: int, axes: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(nodes, axes, generator=generator)


ORDERS = {
    "reverse Cuthill-McKee": lambda ptr=None: NodeOrder.reverse_cuthill_mckee(
        scattered_mesh(), ptr
    ),
    "Hilbert in the plane": lambda ptr=None: NodeOrder.along_hilbert_curve(cloud(300, 2), ptr),
    "Hilbert in space": lambda ptr=None: NodeOrder.along_hilbert_curve(cloud(300, 3), ptr),
    "Morton in the plane": lambda ptr=None: NodeOrder.along_morton_curve(cloud(300, 2), ptr),
    "Morton in space": lambda ptr=None: NodeOrder.along_morton_curve(cloud(300, 3), ptr),
}


@pytest.fixture(params=ORDERS)
def make_order(request: pytest.FixtureRequest):
    return ORDERS[request.param]


def test_undoing_gives_every_row_back(make_order):
    order, x = make_order(), torch.randn(300, 2)
    assert torch.equal(order.undo(order.apply(x)), x)
    assert torch.equal(order.apply(order.undo(x)), x)
    assert not torch.equal(order.apply(x), x)


def test_attention_over_ordered_nodes_and_back_is_attention(make_order):
    order, pattern = make_order(), scattered_mesh()
    query, key, value = torch.randn(3, 300, 2, 5, dtype=torch.float64)
    bias = torch.randn(pattern.num_edges, 2, dtype=torch.float64)
    ordered = [order.apply(tensor) for tensor in (query, key, value)]
    there = sparse_attention(*ordered, order.apply_to_pattern(pattern), bias)
    here = sparse_attention(query, key, value, pattern, bias)
    torch.testing.assert_close(order.undo(there), here, rtol=CLOSE, atol=CLOSE)


def test_the_pattern_has_the_edges_of_the_edge_index(make_order):
    order, pattern = make_order(), scattered_mesh()
    moved = order.apply_to_edge_index(pattern.edge_index)
    assert torch.equal(order.apply_to_pattern(pattern).edge_index, moved)
    assert torch.equal(order.old[moved], pattern.edge_index)


def test_every_graph_of_a_batch_keeps_its_place(make_order):
    order = make_order(torch.tensor([0, 0, 120, 121, 300]))
    for start, end in [(0, 120), (120, 121), (121, 300)]:
        assert order.old[start:end].sort().values.tolist() == list(range(start, end))


def bandwidth(pattern: SparsePattern) -> int:
    return int((pattern.source - pattern.target).abs().max())


def test_reverse_cuthill_mckee_brings_neighbours_together():
    pattern = scattered_mesh()
    order = NodeOrder.reverse_cuthill_mckee(pattern)
    assert bandwidth(order.apply_to_pattern(pattern)) < bandwidth(pattern) / 5


def test_nodes_without_edges_are_ordered_too():
    lonely = SparsePattern.from_edge_index(
        torch.zeros(2, 0, dtype=torch.int64), num_targets=4, num_sources=4
    )
    assert NodeOrder.reverse_cuthill_mckee(lonely).old.sort().values.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("axes", "bits"), [(2, 1), (2, 4), (3, 1), (3, 3)])
def test_the_hilbert_curve_visits_every_cell_once_and_never_jumps(axes, bits):
    cells = torch.cartesian_prod(*[torch.arange(2**bits)] * axes)
    key = hilbert_key(cells, bits)
    assert key.sort().values.tolist() == list(range(len(cells)))
    along = cells[key.argsort()]
    assert (along.diff(dim=0).abs().sum(1) == 1).all()


def test_the_morton_curve_takes_the_bits_of_the_axes_in_turn():
    assert morton_key(torch.tensor([[0b11, 0b00], [0b01, 0b10]]), 2).tolist() == [0b1010, 0b0110]


def test_points_in_one_place_keep_their_order():
    order = NodeOrder.along_hilbert_curve(torch.ones(5, 3))
    assert order.old.tolist() == [0, 1, 2, 3, 4]


def test_no_points_have_an_order():
    assert NodeOrder.along_hilbert_curve(torch.zeros(0, 2)).old.shape == (0,)


def test_a_permutation_that_names_a_node_twice_is_refused():
    with pytest.raises(ShapeError, match="every node once"):
        NodeOrder.from_permutation(torch.tensor([0, 1, 1]))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_points_that_are_not_finite_are_refused(bad):
    with pytest.raises(ShapeError, match="points must be finite"):
        NodeOrder.along_hilbert_curve(torch.tensor([[0.0, bad]]))


def test_points_on_a_line_are_refused():
    with pytest.raises(ShapeError, match=r"\(nodes, 2\) or \(nodes, 3\); got \(4, 1\)"):
        NodeOrder.along_morton_curve(torch.zeros(4, 1))


def test_a_pattern_between_different_nodes_is_refused():
    with pytest.raises(ShapeError, match="6 targets and 5 sources"):
        NodeOrder.reverse_cuthill_mckee(random_pattern(6, 5, 9))


def test_graphs_that_are_not_all_the_nodes_are_refused():
    with pytest.raises(ShapeError, match="ptr must end at 3"):
        NodeOrder.along_hilbert_curve(cloud(3, 2), torch.tensor([0, 2]))
