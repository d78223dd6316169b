import json

import numpy as np
import pytest
import torch

from graphformers.errors import ModelFileError
from graphformers.physics import MeshStore, case_from_dataset
from graphformers.physics.normalization import Normalization, NormalizedCases

SINGLE_PRECISION = 1e-5


@pytest.fixture
def store(ring_folder, tmp_path):
    return MeshStore.import_cases(ring_folder, folder=tmp_path / "store")


@pytest.fixture
def normalization(store):
    return Normalization.fit(store, store.indices("train"))


def test_training_fields_have_mean_zero_and_spread_one(store, normalization):
    train = NormalizedCases(store, store.indices("train"), normalization)
    target = train.select(range(len(train))).target
    pressure, velocity = target.split([1, 2], dim=1)
    torch.testing.assert_close(target.mean(dim=0), torch.zeros(3), atol=SINGLE_PRECISION, rtol=0)
    for field in (pressure, velocity):
        spread = field.var(dim=0, correction=0).mean().sqrt().item()
        assert spread == pytest.approx(1.0, rel=SINGLE_PRECISION)


def test_vectors_and_positions_keep_their_direction(store, normalization):
    assert normalization.field_std[1] == normalization.field_std[2]
    batch = store.select([0])
    scaled = normalization.apply(batch).positions
    physical = batch.positions[5] - batch.positions[0]
    torch.testing.assert_close((scaled[5] - scaled[0]) * normalization.length, physical)


def test_restoring_gives_the_fields_back_by_name(store, normalization):
    batch = store.select([5])
    fields = normalization.restore(normalization.apply(batch).target)
    assert list(fields) == ["p", "U"]
    np.testing.assert_allclose(fields["p"], batch.target[:, :1], atol=SINGLE_PRECISION)
    np.testing.assert_allclose(fields["U"], batch.target[:, 1:], atol=SINGLE_PRECISION)


def test_it_survives_json_to_the_bit(store, normalization):
    read = Normalization.from_json(json.loads(json.dumps(normalization.to_json())))
    batch = store.select([2])
    before, after = normalization.apply(batch), read.apply(batch)
    for name in ("x", "positions", "conditions", "target"):
        assert torch.equal(getattr(before, name), getattr(after, name)), name


def test_a_document_that_lacks_something_is_refused(normalization):
    document = normalization.to_json()
    del document["field_std"]
    with pytest.raises(ModelFileError, match="lacks field_std"):
        Normalization.from_json(document)


def test_what_does_not_vary_is_not_divided(ring_mesh, tmp_path):
    mesh = ring_mesh()
    mesh.point_data["p"] = np.full(mesh.n_points, 3.0)
    store = MeshStore.write([case_from_dataset(mesh)], tmp_path / "one")
    normalization = Normalization.fit(store, [0])
    applied = normalization.apply(store.select([0]))
    assert (applied.target[:, 0] == 0).all()
    assert applied.conditions.isfinite().all()
