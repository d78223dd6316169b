"""Training that reads only the points it looks at."""

import pytest
import torch

from graphformers.physics import MeshStore
from graphformers.physics.normalization import Normalization, NormalizedCases
from graphformers.physics.sampled_cases import SampledCases

SHARE = 0.25


@pytest.fixture
def store(ring_folder, tmp_path):
    return MeshStore.import_cases(ring_folder, folder=tmp_path)


@pytest.fixture
def normalization(store):
    return Normalization.fit(store, store.indices("train"))


def rows_of(batch):
    """Everything a batch knows of each node, side by side."""
    return torch.cat([batch.positions, batch.x, batch.target], dim=1)


def test_a_sample_holds_points_of_its_cases_as_the_whole_cases_have_them(store, normalization):
    sampled = SampledCases(store, [3, 1], normalization, share=SHARE).select([0, 1])
    whole = NormalizedCases(store, [3, 1], normalization).select([0, 1])
    assert sampled.ptr.diff().tolist() == [int(SHARE * n) for n in whole.ptr.diff().tolist()]
    for graph in range(2):
        part, all_rows = rows_of(sampled.select([graph])), rows_of(whole.select([graph]))
        assert (part[:, None] == all_rows).all(dim=2).any(dim=1).all()
    torch.testing.assert_close(sampled.conditions, whole.conditions, rtol=0, atol=0)
    assert sampled.num_edges == 0


def test_every_look_draws_other_points_and_a_seed_the_same(store, normalization):
    source = SampledCases(store, [0], normalization, share=SHARE)
    torch.manual_seed(0)
    first, second = (rows_of(source.select([0])) for _ in range(2))
    torch.manual_seed(0)
    assert torch.equal(rows_of(source.select([0])), first)
    assert not torch.equal(first, second)


def test_the_smallest_share_is_one_point(store, normalization):
    source = SampledCases(store, [0, 2], normalization, share=1e-9)
    assert source.select([0, 1]).ptr.tolist() == [0, 1, 2]


def test_no_more_rows_are_read_than_are_sampled(store, normalization, monkeypatch):
    read, rows_on_disk = [], store._read

    def noted(name, rows):
        read.append(rows.stop - rows.start)
        return rows_on_disk(name, rows)

    monkeypatch.setattr(store, "_read", noted)
    SampledCases(store, [1], normalization, share=SHARE).select([0])
    assert set(read) == {int(SHARE * store.size(1))}
