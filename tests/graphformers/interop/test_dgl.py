"""Real DGL graphs through our models and operators, and back."""

import subprocess
import sys

import pytest
import torch

from graphformers.encodings import RandomWalk, encode
from graphformers.errors import DataError, MissingExtraError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.interop import from_dgl, import_dgl, pattern_from_dgl, to_dgl
from graphformers.kernels import SparsePattern, sparse_attention
from graphformers.models import GPS

FLOAT32 = 1e-5


@pytest.fixture
def dgl():
    pytest.importorskip("dgl")
    return import_dgl()


@pytest.fixture
def batch() -> GraphBatch:
    """A triangle, a node and a path, edges not sorted, one of them twice."""
    return GraphBatch(
        x=torch.arange(12.0).reshape(6, 2),
        edge_index=torch.tensor([[2, 0, 1, 0, 5, 4, 4], [0, 1, 2, 1, 4, 5, 5]]),
        ptr=torch.tensor([0, 3, 4, 6]),
        edge_attr=torch.arange(7),
        positions=torch.arange(18.0).reshape(6, 3),
        encodings={"rwse": torch.arange(24.0).reshape(6, 4)},
        target=torch.arange(6.0).unsqueeze(1),
        target_per_node=True,
    )


NAMES = {
    "edge_attr": "edge_attr",
    "positions": "positions",
    "encodings": ["rwse"],
    "target": "target",
}


def test_there_and_back_changes_nothing(dgl, batch):
    again = from_dgl(to_dgl(batch), **NAMES)
    for name in ("x", "edge_index", "ptr", "edge_attr", "positions", "target"):
        assert torch.equal(getattr(again, name), getattr(batch, name)), name
    assert torch.equal(again.encodings["rwse"], batch.encodings["rwse"])
    assert again.target_per_node


def test_graphs_of_a_batch_stay_apart(dgl, batch):
    graph = to_dgl(batch)
    assert graph.batch_size == 3
    for number, one in enumerate(dgl.unbatch(graph)):
        ours = batch.select([number])
        assert torch.equal(one.ndata["x"], ours.x)
        assert torch.equal(torch.stack(one.edges(order="eid")), ours.edge_index)
        assert torch.equal(one.edata["edge_attr"], ours.edge_attr)


def test_graphs_batched_by_dgl_are_batches_of_ours(dgl, batch):
    single = [to_dgl(batch.select([number])) for number in range(3)]
    together = from_dgl(dgl.batch(single), **NAMES)
    assert torch.equal(together.ptr, batch.ptr)
    assert torch.equal(together.edge_index, batch.edge_index)
    assert torch.equal(together.edge_attr, batch.edge_attr)


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_a_graph_with_names_of_its_own_is_read(dgl, idtype):
    graph = dgl.graph(([0, 1], [1, 2]), num_nodes=4, idtype=idtype)
    graph.ndata["feat"], graph.edata["bond"] = torch.rand(4, 5), torch.tensor([7, 8])
    ours = from_dgl(graph, x="feat", edge_attr="bond")
    assert ours.x is not None
    assert ours.ptr.tolist() == [0, 4]
    assert ours.edge_index.tolist() == [[0, 1], [1, 2]]
    assert ours.edge_index.dtype == torch.int64
    assert ours.edge_attr.tolist() == [7, 8]


def test_a_graph_without_features_has_none(dgl):
    ours = from_dgl(dgl.rand_graph(5, 9), x=None)
    assert ours.x.shape == (5, 0)
    assert encode(ours, [RandomWalk(steps=3)]).encodings["rwse"].shape == (5, 3)


def test_an_empty_graph_is_read(dgl):
    ours = from_dgl(dgl.graph(([], []), num_nodes=0), x=None)
    assert len(ours) == 1
    assert ours.num_nodes == ours.num_edges == 0


def test_attention_along_a_graph_equals_dgls_own(dgl):
    graph = dgl.rand_graph(30, 200)
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 30, 2, 4, generator=generator)
    logit = 0.5 * dgl.ops.u_dot_v(graph, key, query)
    expected = dgl.ops.u_mul_e_sum(graph, value, dgl.ops.edge_softmax(graph, logit))
    ours = sparse_attention(query, key, value, pattern_from_dgl(graph))
    torch.testing.assert_close(ours, expected, rtol=FLOAT32, atol=FLOAT32)


def test_a_model_reads_a_dgl_graph(dgl):
    graph = dgl.batch([dgl.rand_graph(5, 12), dgl.rand_graph(4, 8)])
    graph.ndata["atom"] = torch.arange(9).unsqueeze(1)
    graph.edata["bond"] = torch.arange(20).remainder(4).unsqueeze(1)
    model = GPS.preset("zinc").eval()
    batch = encode(from_dgl(graph, x="atom", edge_attr="bond"), model.config.encodings)
    assert model(batch).shape == (2, 1)


def test_edge_data_follow_dgls_edge_numbers(dgl):
    graph = dgl.graph(([2, 0, 1, 1], [1, 1, 0, 2]))
    pattern = pattern_from_dgl(graph)
    assert torch.equal(pattern.edge_index, torch.stack(graph.edges(order="eid")))


def test_a_sampled_block_is_a_pattern_from_its_sources_to_its_targets(dgl):
    graph = dgl.rand_graph(40, 300)
    block = dgl.to_block(dgl.sampling.sample_neighbors(graph, [3, 5, 7], 4), [3, 5, 7])
    pattern = pattern_from_dgl(block)
    assert pattern.num_targets == 3
    assert pattern.num_sources == block.num_src_nodes()
    assert torch.equal(pattern.edge_index, torch.stack(block.edges(order="eid")))


@pytest.mark.parametrize("sources", [4, 6])
def test_a_pattern_there_and_back_is_the_same(dgl, sources):
    edge_index = torch.tensor([[3, 0, 1, 3], [2, 2, 0, 2]])
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=4, num_sources=sources)
    again = pattern_from_dgl(to_dgl(pattern))
    assert (again.num_targets, again.num_sources) == (4, sources)
    assert torch.equal(again.edge_index, edge_index)
    assert torch.equal(again.row_ptr, pattern.row_ptr)


def test_several_types_are_refused(dgl):
    graph = dgl.heterograph(
        {("user", "buys", "item"): ([0], [1]), ("user", "knows", "user"): ([0], [0])}
    )
    with pytest.raises(DataError, match=r"from_dgl takes one type .*'buys'.*to_homogeneous"):
        from_dgl(graph, x=None)
    with pytest.raises(DataError, match="pattern_from_dgl takes one type"):
        pattern_from_dgl(graph)
    chosen = pattern_from_dgl(graph["user", "buys", "item"])
    assert (chosen.num_sources, chosen.num_targets) == (1, 2)


def test_a_name_the_graph_does_not_have_is_refused(dgl):
    graph = dgl.rand_graph(3, 4)
    graph.ndata["feat"] = torch.zeros(3, 1)
    with pytest.raises(DataError, match=r"no node data 'x'; it has \['feat'\]"):
        from_dgl(graph)
    with pytest.raises(DataError, match=r"no edge data 'bond'; it has \[\]"):
        from_dgl(graph, x="feat", edge_attr="bond")


def test_encodings_with_the_names_of_features_are_refused(dgl, batch):
    named = GraphBatch(
        x=batch.x, edge_index=batch.edge_index, ptr=batch.ptr, encodings={"x": batch.x}
    )
    with pytest.raises(ShapeError, match=r"names of their own; got \['x'\]"):
        to_dgl(named)


QUIET = """
import os
from graphformers.interop import import_dgl
import_dgl()
assert "DGLBACKEND" not in os.environ
assert not os.listdir(os.environ["HOME"]), os.listdir(os.environ["HOME"])
"""


def test_importing_says_nothing_and_leaves_the_home_folder_alone(dgl, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DGLBACKEND", raising=False)
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


@pytest.fixture
def forget_dgl(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "dgl"]:
        monkeypatch.delitem(sys.modules, name)


def test_without_dgl_the_extra_is_named(monkeypatch, batch):
    monkeypatch.setitem(sys.modules, "dgl", None)
    with pytest.raises(
        MissingExtraError, match=r'not installed; pip install "graphformers\[dgl\]"'
    ):
        to_dgl(batch)


BROKEN = {
    "a library": ("raise FileNotFoundError('libgraphbolt_pytorch_2.13.0.so')", "libgraphbolt"),
    "a module": ("import torchdata_of_the_past", "torchdata_of_the_past"),
}


@pytest.mark.usefixtures("forget_dgl")
@pytest.mark.parametrize("what", BROKEN)
def test_a_dgl_that_does_not_load_tells_why(what, tmp_path, monkeypatch):
    code, reason = BROKEN[what]
    (tmp_path / "dgl.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtraError, match=f"cannot be imported.*{reason}.*\\[dgl\\]"):
        import_dgl()
