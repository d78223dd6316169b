"""Encodings kept on disk: found again, never wrong."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphformers.cache_folder import CACHE_VARIABLE
from graphformers.encodings import (
    LaplacianEigenvectors,
    RandomWalk,
    RelativeRandomWalk,
    cache,
    cached_encode,
    encode,
)
from graphformers.graph_batch import GraphBatch

WANTED = (RandomWalk(steps=4), RelativeRandomWalk(steps=3), LaplacianEigenvectors(count=3))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """The encodings computed, call by call."""
    calls: list[tuple] = []

    def counting(graphs, encodings, **options):
        calls.append(tuple(encodings))
        return encode(graphs, encodings, **options)

    monkeypatch.setattr(cache, "encode", counting)
    return calls


def same(one: GraphBatch, other: GraphBatch) -> bool:
    kinds = ("encodings", "pair_encodings")
    pairs = [
        (values, getattr(other, kind)[name])
        for kind in kinds
        for name, values in getattr(one, kind).items()
    ]
    alike = all(torch.equal(a.nan_to_num(7.0), b.nan_to_num(7.0)) for a, b in pairs)
    return alike and one.encoded_with == other.encoded_with


def test_the_same_graphs_are_not_encoded_twice(odd_graphs, computed, tmp_path):
    made = cached_encode(odd_graphs, WANTED, folder=tmp_path)
    other_features = replace(odd_graphs, x=torch.ones(odd_graphs.num_nodes, 3))
    found = cached_encode(other_features, WANTED, folder=tmp_path)
    assert computed == [WANTED, ()]
    assert same(made, found)
    assert same(made, encode(odd_graphs, WANTED))
    assert found.x is other_features.x


def test_only_what_is_missing_is_computed(odd_graphs, computed, tmp_path):
    cached_encode(odd_graphs, WANTED[:1], folder=tmp_path)
    cached_encode(odd_graphs, WANTED, folder=tmp_path)
    assert computed == [WANTED[:1], WANTED[1:]]


def test_other_settings_edges_and_borders_are_encoded(odd_graphs, computed, tmp_path):
    wanted = WANTED[:1]
    moved = odd_graphs.ptr.clone()
    moved[2] += 1
    for graphs, encodings in (
        (odd_graphs, wanted),
        (odd_graphs, (RandomWalk(steps=5),)),
        (replace(odd_graphs, edge_index=odd_graphs.edge_index.flip(0)), wanted),
        (replace(odd_graphs, edge_index=odd_graphs.edge_index[:, 1:]), wanted),
        (replace(odd_graphs, ptr=moved), wanted),
    ):
        cached_encode(graphs, encodings, folder=tmp_path)
    assert all(computed)
    assert len(computed) == 5


@pytest.mark.parametrize("version", [cache.FORMAT_VERSION + 1])
def test_another_format_is_encoded(odd_graphs, computed, tmp_path, monkeypatch, version):
    cached_encode(odd_graphs, WANTED, folder=tmp_path)
    monkeypatch.setattr(cache, "FORMAT_VERSION", version)
    cached_encode(odd_graphs, WANTED, folder=tmp_path)
    assert computed == [WANTED, WANTED]


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_a_truncated_file_is_made_anew(odd_graphs, computed, tmp_path, caplog, keep):
    made = cached_encode(odd_graphs, WANTED[:1], folder=tmp_path)
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:keep])
    with caplog.at_level(logging.WARNING):
        assert same(cached_encode(odd_graphs, WANTED[:1], folder=tmp_path), made)
    assert "is damaged" in caplog.text
    cached_encode(odd_graphs, WANTED[:1], folder=tmp_path)
    assert computed == [WANTED[:1], WANTED[:1], ()]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.floats(0, 1, exclude_max=True), flipped=st.integers(1, 255))
def test_no_flipped_byte_changes_what_is_read(odd_graphs, position, flipped, tmp_path):
    made = cached_encode(odd_graphs, WANTED[2:], folder=tmp_path)
    (path,) = tmp_path.rglob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= flipped
    path.write_bytes(content)
    assert same(cached_encode(odd_graphs, WANTED[2:], folder=tmp_path), made)
    path.unlink()


def test_a_folder_that_cannot_be_written_costs_only_the_reuse(odd_graphs, tmp_path: Path):
    occupied = tmp_path / "file"
    occupied.write_text("in the way")
    assert same(cached_encode(odd_graphs, WANTED, folder=occupied), encode(odd_graphs, WANTED))


def test_nothing_but_the_finished_files_is_left(odd_graphs, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    cached_encode(odd_graphs, WANTED)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == len(WANTED)
    assert {path.suffix for path in files} == {".safetensors"}
    assert {path.parent for path in files} == {tmp_path / "encodings"}


class Nameless:
    """An encoding that does not show its settings."""

    names: tuple[str, ...] = ("nothing",)
    channels: int = 1

    def compute(self, graphs: GraphBatch) -> dict[str, torch.Tensor]:
        return {"nothing": torch.zeros(graphs.num_nodes, 1)}


def test_encodings_of_unknown_settings_are_not_kept(odd_graphs, tmp_path):
    encoded = cached_encode(odd_graphs, [Nameless()], folder=tmp_path)
    assert encoded.encodings["nothing"].shape == (22, 1)
    assert not list(tmp_path.rglob("*.safetensors"))


@dataclass(frozen=True)
class Whole:
    """Graphs without nodes have tensors without numbers."""

    names: tuple[str, ...] = ("whole",)
    channels: int = 1

    def compute(self, graphs: GraphBatch) -> dict[str, torch.Tensor]:
        return {"whole": torch.arange(graphs.num_nodes).unsqueeze(1)}


@pytest.mark.parametrize("graphs", [0, 6])
def test_integers_and_empty_data_sets_are_found_again(odd_graphs, graphs, computed, tmp_path):
    chosen = odd_graphs.select(range(graphs))
    made = cached_encode(chosen, [Whole()], folder=tmp_path)
    found = cached_encode(chosen, [Whole()], folder=tmp_path)
    assert computed == [(Whole(),), ()]
    assert found.encodings["whole"].dtype == torch.int64
    assert same(made, found)
