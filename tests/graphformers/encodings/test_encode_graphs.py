"""Encodings of nodes and of pairs over a data set, on any number of threads."""

from dataclasses import dataclass, replace

import pytest
import torch

from graphformers.encodings import (
    EncodedSource,
    LaplacianEigenvectors,
    RandomWalk,
    RelativeRandomWalk,
    encode,
    encode_graphs,
    stretches,
)
from graphformers.errors import ConfigError, DataError
from graphformers.graph_batch import GraphBatch, GraphSource

WANTED = (RandomWalk(steps=4), RelativeRandomWalk(steps=3), LaplacianEigenvectors(count=3))


@dataclass(frozen=True, kw_only=True)
class OtherWalk:
    """Another encoding whose tensor has a name that is taken."""

    names: tuple[str, ...] = ("rwse",)
    channels: int = 1

    def compute(self, graphs: GraphBatch) -> dict[str, torch.Tensor]:
        return {"rwse": torch.zeros(graphs.num_nodes, 1)}


@pytest.fixture
def small_stretches(monkeypatch):
    monkeypatch.setattr(stretches, "NODES_AT_A_TIME", 6)


def test_encodings_of_nodes_and_of_pairs_are_kept_side_by_side(odd_graphs):
    encoded = encode(odd_graphs, WANTED)
    assert set(encoded.encodings) == {"rwse", "eigenvectors", "eigenvalues"}
    assert torch.equal(encoded.pair_encodings["rrwp"], WANTED[1].compute(odd_graphs))
    assert encoded.encoded_with == WANTED


@pytest.mark.parametrize("limit", ["NODES_AT_A_TIME", "PAIRS_AT_A_TIME"])
def test_the_number_of_workers_changes_nothing(odd_graphs, limit, monkeypatch):
    whole = encode(odd_graphs, WANTED)
    monkeypatch.setattr(stretches, limit, 6)
    one, three = (encode(odd_graphs, WANTED, workers=workers) for workers in (1, 3))
    for kind in ("encodings", "pair_encodings"):
        for name, values in getattr(one, kind).items():
            assert torch.equal(values.nan_to_num(), getattr(three, kind)[name].nan_to_num())
            assert values.shape == getattr(whole, kind)[name].shape
    assert torch.equal(one.pair_encodings["rrwp"], whole.pair_encodings["rrwp"])


@pytest.mark.usefixtures("small_stretches")
def test_workers_leave_the_threads_of_torch_alone(odd_graphs):
    torch.set_num_threads(2)
    encode(odd_graphs, WANTED, workers=2)
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("small_stretches")
def test_progress_ends_with_all_graphs(odd_graphs):
    done = []
    encode(odd_graphs, WANTED, workers=2, progress=lambda *state: done.append(state))
    assert done == sorted(done)
    assert done[-1] == (6, 6)
    assert len(done) > 2


@pytest.mark.usefixtures("small_stretches")
def test_an_error_inside_a_worker_is_raised(odd_graphs, monkeypatch):
    def failing(self, graphs):
        raise DataError("this graph cannot be encoded")

    monkeypatch.setattr(OtherWalk, "compute", failing)
    with pytest.raises(DataError, match="cannot be encoded"):
        encode(odd_graphs, [OtherWalk()], workers=2)


def test_computing_the_same_names_again_replaces_them(odd_graphs):
    once = encode(odd_graphs, WANTED)
    longer = RandomWalk(steps=6)
    again = encode(once, [longer])
    assert again.encoded_with == (WANTED[1], WANTED[2], longer)
    assert again.encodings["rwse"].shape[1] == 6
    assert again.pair_encodings["rrwp"] is once.pair_encodings["rrwp"]


def test_what_others_noted_in_encoded_with_stays(odd_graphs):
    noted = replace(odd_graphs, encoded_with=("by hand",))
    assert encode(noted, WANTED[:1]).encoded_with == ("by hand", WANTED[0])


def test_no_encodings_change_nothing(odd_graphs):
    assert encode(odd_graphs, ()) is odd_graphs


def test_two_encodings_of_one_name_are_refused(odd_graphs):
    with pytest.raises(ConfigError, match=r"RandomWalk\(steps=4\) and OtherWalk.*'rwse'"):
        encode(odd_graphs, [WANTED[0], OtherWalk()])


def test_no_workers_are_refused(odd_graphs):
    with pytest.raises(ConfigError, match="workers must be at least 1; got 0"):
        encode(odd_graphs, WANTED, workers=0)


@pytest.mark.usefixtures("small_stretches")
def test_what_memory_cannot_hold_is_refused_with_a_remedy(odd_graphs, monkeypatch):
    monkeypatch.setattr(encode_graphs, "_memory", lambda: 1000)
    with pytest.raises(DataError, match=r"'rrwp' of all graphs has 104 rows.*EncodedSource"):
        encode(odd_graphs, WANTED[1:2])


def test_a_graph_too_large_for_all_its_pairs_is_refused():
    path = torch.arange(3000)
    large = GraphBatch(
        x=torch.zeros(3000, 1),
        edge_index=torch.stack([path[:-1], path[1:]]),
        ptr=torch.tensor([0, 3000]),
    )
    with pytest.raises(DataError, match=r"3,000 nodes, which makes 9,000,000 pairs.*k_hop"):
        encode(large, WANTED[1:2])
    assert WANTED[1].compute(large, large.edges.k_hop(1)).shape == (5999, 4)


def test_a_source_encodes_every_batch_it_gives(odd_graphs):
    source = EncodedSource(odd_graphs, WANTED)
    assert isinstance(source, GraphSource)
    assert len(source) == len(odd_graphs)
    batch, expected = source.select([3, 0, 3]), encode(odd_graphs, WANTED).select([3, 0, 3])
    assert torch.equal(batch.pair_encodings["rrwp"], expected.pair_encodings["rrwp"])
    assert torch.equal(batch.encodings["rwse"], expected.encodings["rwse"])
    assert batch.encoded_with == WANTED


def test_an_empty_data_set_has_empty_pairs():
    nothing = GraphBatch(
        x=torch.zeros(0, 1),
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        ptr=torch.zeros(1, dtype=torch.int64),
    )
    assert encode(nothing, WANTED).pair_encodings["rrwp"].shape == (0, 4)
