"""Graphs from torch-geometric and from files."""

import networkx
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch_geometric.data import InMemoryDataset

from graphformers.errors import DataError
from graphformers.graphs import from_data, load_dataset, read_graph_folder
from graphformers.graphs.graph_files import read_graph


def edges_of(data):
    return sorted(map(tuple, data.edge_index.T.tolist()))


def test_whole_features_are_categories_and_whole_targets_labels(rings_and_chains):
    found = from_data(rings_and_chains)
    assert found.graphs.x.dtype == torch.int64
    assert found.targets.tolist() == ["0", "1"] * 8
    assert found.level == "graph"


def test_targets_of_nodes_are_told_from_targets_of_graphs(chain):
    of_nodes = from_data([chain(3, y=torch.tensor([0, 1, 2])), chain(2, y=torch.tensor([0, 1]))])
    assert of_nodes.level == "node"
    assert of_nodes.rows_of(np.array([1])).tolist() == [3, 4]
    of_graphs = from_data([chain(3, y=torch.tensor([[0.5, 1.5]])), chain(2, y=torch.ones(1, 2))])
    assert of_graphs.level == "graph"
    assert of_graphs.targets.shape == (2, 2)


def test_nodes_without_features_share_a_category_and_edges_may_have_none(chain):
    found = from_data([chain(3, x=None), chain(1, x=None)])
    assert found.graphs.x.tolist() == [[0]] * 4
    assert found.graphs.edge_attr is None
    assert found.graphs.ptr.tolist() == [0, 3, 4]


def test_a_graph_without_edges_keeps_its_place_among_graphs_with_edge_features(chain):
    lone = chain(1, edge_attr=torch.zeros(0, 2))
    joined = [chain(2, edge_attr=torch.ones(2, 2)) for _ in range(2)]
    found = from_data([joined[0], lone, joined[1]])
    assert found.graphs.edge_ptr.tolist() == [0, 2, 2, 4]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"nodes": 0, "x": torch.zeros(0, 1)}, "1 of 2 graphs have no node"),
        ({"nodes": 2, "edge_index": torch.tensor([[0], [5]])}, "must join nodes 0 to 1"),
        ({"nodes": 2, "x": torch.zeros(3, 1)}, r"x must be \(2, 1\); got \(3, 1\)"),
        ({"nodes": 2, "x": torch.tensor([[float("nan")], [0.0]])}, "finite"),
    ],
)
def test_a_graph_that_cannot_be_used_is_named(chain, broken, message):
    nodes = broken.pop("nodes")
    with pytest.raises(DataError, match=message) as caught:
        from_data([chain(3), chain(nodes, **broken)], names=["good", "bad"])
    assert "bad" in str(caught.value)


def test_every_format_gives_the_same_graph(tmp_path):
    graph = networkx.path_graph(3)
    networkx.write_graph6(graph, tmp_path / "a.g6")
    networkx.set_node_attributes(graph, {0: 4, 1: 5, 2: 6}, "kind")
    networkx.write_graphml(graph, tmp_path / "a.graphml")
    (tmp_path / "a.csv").write_text("source,target\n0,1\n1,0\n1,2\n2,1\n")
    (tmp_path / "a.nodes.csv").write_text("kind\n4\n5\n6\n")
    arrays = {"x": np.array([[4], [5], [6]]), "edge_index": np.array([[0, 1, 1, 2], [1, 0, 2, 1]])}
    np.savez(tmp_path / "a.npz", **arrays)
    tensors = {name: torch.from_numpy(one).contiguous() for name, one in arrays.items()}
    save_file(tensors, tmp_path / "a.safetensors")
    for ending in ("g6", "graphml", "csv", "npz", "safetensors"):
        read = read_graph(tmp_path / f"a.{ending}")
        assert edges_of(read) == [(0, 1), (1, 0), (1, 2), (2, 1)], ending
        assert read.num_nodes == 3
        if ending != "g6":
            assert read.x.tolist() == [[4], [5], [6]]


def test_directed_and_repeated_edges_are_kept_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_text("source,target,weight\n0,1,0.5\n0,1,0.5\n3,0,2\n")
    read = read_graph(tmp_path / "a.csv")
    assert edges_of(read) == [(0, 1), (0, 1), (3, 0)]
    assert read.edge_attr.tolist() == [[0.5], [0.5], [2.0]]
    assert read.num_nodes == 4  # node 2 is isolated


def test_pickled_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([object()], dtype=object))
    with pytest.raises(DataError, match=r"a\.npz: cannot be read"):
        read_graph(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "source\n0\n", "columns source and target"),
        ("a.csv", "source,target\n0\n", "row 1 has 1 cells"),
        ("a.csv", "source,target\n0,x\n", "cannot be read"),
        ("a.graphml", "<graphml", "not well-formed"),
        ("a.g6", "A_\nA_\n", "one graph6 line; got 2"),
        ("a.txt", "", "must be one of"),
    ],
)
def test_a_broken_file_is_named_with_the_reason(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        read_graph(tmp_path / name)
    assert name in str(caught.value)


def test_a_folder_gives_targets_and_its_own_split(write_folder):
    files = {f"{name}.csv": "source,target\n0,1\n1,0\n" for name in "abc"}
    rows = [("a.csv", "1.5", "train"), ("b.csv", "", "valid"), ("c.csv", "2", "test")]
    found = read_graph_folder(write_folder(("file", "energy", "split"), rows, files))
    np.testing.assert_array_equal(found.targets, [[1.5], [np.nan], [2.0]])
    assert list(found.target_names) == ["energy"]
    assert found.split.test.tolist() == [2]


def test_text_targets_are_classes(write_folder):
    files = {"a.csv": "source,target\n0,1\n"}
    folder = write_folder(("file", "kind"), [("a.csv", "ring"), ("a.csv", "chain")], files)
    assert read_graph_folder(folder).targets.tolist() == ["ring", "chain"]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (("graph", "y"), ("a.csv", "1"), "needs a column 'file'"),
        (("file", "y"), ("../a.csv", "1"), "outside the folder"),
        (("file", "y"), ("b.csv", "1"), "no such file"),
        (("file", "y"), ("a.csv",), "as many cells"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(write_folder, header, row, message):
    folder = write_folder(header, [row], {"a.csv": "source,target\n0,1\n"})
    with pytest.raises(DataError, match=message):
        read_graph_folder(folder)


def test_a_tu_data_set_is_read_from_its_text_files(tu_root):
    found = load_dataset("TINY", tu_root)
    assert len(found) == 12
    assert set(found.targets.tolist()) == {"0", "1"}
    assert found.graphs.x.is_floating_point()  # one-hot
    assert found.names[3] == "TINY 3"


def test_parts_of_a_data_set_are_its_split_and_superpixels_have_positions(chain, monkeypatch):
    class Stored(InMemoryDataset):
        def __init__(self, root, name, split):
            super().__init__(None)
            count = {"train": 3, "val": 1, "test": 2}[split]
            fields = {"x": torch.zeros(4, 1), "pos": torch.ones(4, 2), "y": torch.tensor([1])}
            self.data, self.slices = self.collate([chain(4, **fields) for _ in range(count)])

    monkeypatch.setattr("graphformers.graphs.dataset.GNNBenchmarkDataset", Stored)
    found = load_dataset("MNIST", "anywhere")
    assert found.split.validation.tolist() == [3]
    assert found.split.test.tolist() == [4, 5]
    assert found.graphs.x[0].tolist() == [0.0, 1.0, 1.0]


def test_a_data_set_that_is_not_there_says_so(tmp_path, monkeypatch):
    def offline(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("torch_geometric.datasets.TUDataset.download", offline)
    with pytest.raises(DataError, match=r"'MISSING' is not ready in .* no network"):
        load_dataset("MISSING", tmp_path)
