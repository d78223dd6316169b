import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from graphformers.physics import MeshStore, case_from_dataset
from graphformers.physics.field_training import (
    Mirror,
    PartOfTheCase,
    random_part,
)
from graphformers.physics.losses import AbsoluteError
from graphformers.physics.normalization import Normalization, NormalizedCases

SINGLE_PRECISION = 5e-5
PARAMETERS = ("angle_of_attack_deg", "reynolds")


@pytest.fixture
def store(ring_folder, tmp_path):
    return MeshStore.import_cases(ring_folder, folder=tmp_path / "store")


@pytest.fixture
def normalization(store):
    return Normalization.fit(store, store.indices("train"))


@pytest.fixture
def batch(store, normalization):
    return NormalizedCases(store, [0, 3, 5], normalization).select([0, 1, 2])


class Positions(nn.Module):
    """Predicts what it can be checked by: the position of every point, and its case's size."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, batch):
        self.seen.append(batch)
        size = batch.ptr.diff().repeat_interleave(batch.ptr.diff())[:, None]
        return torch.cat([batch.positions, size.float()], dim=1)


def test_the_mirror_image_of_a_case_is_the_case_of_the_mirrored_mesh(normalization, ring_mesh):
    mesh = ring_mesh(around=20, radius=0.4)
    mesh.points[:, 0] *= 1.5
    mesh.points[:, 1] += 0.1
    mesh.field_data["angle_of_attack_deg"] = [4.0]
    flipped = mesh.copy()
    flipped.points[:, 1] *= -1
    flipped.field_data["angle_of_attack_deg"] = [-4.0]
    ours = Mirror(normalization).inputs(normalized(mesh, normalization))
    expected = normalized(flipped, normalization)
    for name in ("x", "positions", "conditions"):
        torch.testing.assert_close(
            getattr(ours, name), getattr(expected, name), atol=SINGLE_PRECISION, rtol=0
        )


def normalized(mesh, normalization):
    return normalization.apply(case_from_dataset(mesh).graph(parameters=PARAMETERS))


def test_the_mirror_image_of_fields_turns_the_second_component_of_vectors(normalization):
    physical = torch.tensor([[1.0, 2.0, 3.0]])
    output = (physical - normalization.field_mean) / normalization.field_std
    mirrored = normalization.restore(Mirror(normalization).fields(output))
    np.testing.assert_allclose(mirrored["p"], [[1.0]], rtol=SINGLE_PRECISION)
    np.testing.assert_allclose(mirrored["U"], [[2.0, -3.0]], rtol=SINGLE_PRECISION)


def test_a_part_keeps_the_edges_between_its_points_and_the_cases_apart(batch):
    torch.manual_seed(0)
    part, chosen = random_part(batch, 0.6)
    assert part.num_nodes == int(0.6 * batch.num_nodes)
    assert torch.equal(part.positions, batch.positions[chosen])
    assert torch.equal(part.batch, batch.batch[chosen])
    ends = {tuple(edge) for edge in chosen[part.edge_index].T.tolist()}
    kept = set(chosen.tolist())
    assert ends == {
        (source, target)
        for source, target in batch.edge_index.T.tolist()
        if source in kept and target in kept
    }


def test_training_sees_a_part_and_leaves_the_rest_unknown(batch):
    torch.manual_seed(0)
    model = PartOfTheCase(Positions(), share=0.5, mirror=None).train()
    output = model(batch)
    known = ~output.isnan().any(dim=1)
    assert known.sum() == int(0.5 * batch.num_nodes)
    torch.testing.assert_close(output[known][:, :2], batch.positions[known])


def test_evaluation_sees_everything(batch):
    model = PartOfTheCase(Positions(), share=0.5, mirror=None).eval()
    torch.testing.assert_close(model(batch)[:, :2], batch.positions)


def test_half_of_the_steps_see_the_mirror_image(batch, normalization):
    torch.manual_seed(0)
    watched = Positions()
    model = PartOfTheCase(watched, share=1.0, mirror=Mirror(normalization)).train()
    for _ in range(40):
        model(batch)
    turned = sum(not torch.equal(one.positions, batch.positions) for one in watched.seen)
    assert 8 < turned < 32


def test_the_loss_leaves_unknown_values_out(batch):
    prediction = batch.target + 2.0
    prediction[::2] = torch.nan
    changed = dataclasses.replace(batch, target=batch.target.clone())
    changed.target[1] = torch.nan
    assert AbsoluteError().loss(prediction, changed).item() == pytest.approx(2.0)


def test_the_watched_figure_is_the_share_of_the_spread(batch):
    figures = AbsoluteError().figures(batch.target - 0.5, batch.target)
    assert figures["error"] == pytest.approx(0.5)
