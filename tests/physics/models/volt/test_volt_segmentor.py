"""Heads of several data sets, and learning from a convolutional teacher."""

import dataclasses

import pytest
import torch
from torch.nn import functional as F

from graphformers.errors import ConfigError, DataError
from graphformers.physics.models import (
    VoltSegmentor,
    VoltSegmentorConfig,
    VoxelTeacher,
    VoxelTeacherConfig,
)
from graphformers.physics.models.volt.teacher import VoxelConvolution, VoxelLevel
from graphformers.physics.segmentation import distillation_loss, segmentation_loss

ROUNDING = 1e-10  # double precision
LEARNED = 0.9  # share of voxels told right
ADAM = {"lr": 1e-2}


@pytest.fixture
def segmentor(config):
    torch.manual_seed(0)
    backbone = config(depth=1, drop_path=0.0)
    classes = {"rooms": 2, "streets": 3}
    return VoltSegmentor(VoltSegmentorConfig(backbone=backbone, classes=classes, distillation=True))


@pytest.fixture
def room():
    """A floor and a wall: class 1 where x is zero."""
    axis = torch.arange(8)
    floor = torch.cartesian_prod(axis, axis, torch.zeros(1, dtype=torch.int64))
    wall = torch.cartesian_prod(torch.zeros(1, dtype=torch.int64), axis, axis[1:])
    coordinates = torch.cat([floor, wall])
    torch.manual_seed(0)
    return coordinates, torch.randn(len(coordinates), 3), (coordinates[:, 0] == 0).long()


def share_right(logits, target):
    return (logits.argmax(1) == target).double().mean().item()


def learn(model, loss_of, steps=60):
    optimizer = torch.optim.Adam(model.parameters(), **ADAM)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()
    return model.eval()


def test_every_data_set_has_its_head_on_one_backbone(segmentor, room):
    coordinates, features, _ = room
    for name, count in segmentor.config.classes.items():
        assert segmentor(coordinates, features, data_set=name).shape == (len(features), count)
    loss = segmentor(coordinates, features, data_set="rooms").square().sum()
    loss.backward()
    assert segmentor.heads["rooms"].weight.grad.abs().max() > 0
    assert segmentor.heads["streets"].weight.grad is None
    assert segmentor.distillation_heads["rooms"].weight.grad is None


def test_a_student_learns_labels_and_what_its_teacher_says(segmentor, room):
    coordinates, features, target = room
    upper = (coordinates[:, 2] > 3).long()  # what the teacher believes instead
    torch.manual_seed(0)
    teacher = learn(
        VoxelTeacher(VoxelTeacherConfig(channels=3, classes=2, widths=(8, 16))),
        lambda model: segmentation_loss(model(coordinates, features), upper),
    )
    believed = teacher.labels(coordinates, features)
    assert (believed == upper).double().mean() > LEARNED

    def loss_of(model):
        both = model.logits_for_training(coordinates, features, data_set="rooms")
        return distillation_loss(*both, target, believed)

    student = learn(segmentor, loss_of)
    own, copied = student.logits_for_training(coordinates, features, data_set="rooms")
    assert share_right(own, target) > LEARNED
    assert share_right(copied, believed) > LEARNED
    assert torch.equal(student(coordinates, features, data_set="rooms"), own)


def test_a_saved_segmentor_gives_the_same_bits(segmentor, room, tmp_path):
    coordinates, features, _ = room
    segmentor.eval().save_pretrained(tmp_path)
    loaded = VoltSegmentor.from_pretrained(tmp_path)
    assert loaded.config == segmentor.config
    ours, theirs = (one(coordinates, features, None, "streets") for one in (segmentor, loaded))
    assert torch.equal(ours, theirs)


def test_heads_that_are_not_there_are_refused(segmentor, room):
    coordinates, features, _ = room
    with pytest.raises(ConfigError, match="no head for the data set 'room'; did you mean 'rooms'"):
        segmentor(coordinates, features, data_set="room")
    plain = VoltSegmentor(dataclasses.replace(segmentor.config, distillation=False))
    with pytest.raises(ConfigError, match="distillation=True"):
        plain.logits_for_training(coordinates, features, data_set="rooms")
    with pytest.raises(ConfigError, match="at least 2 classes"):
        VoltSegmentorConfig(classes={"rooms": 1})
    with pytest.raises(ConfigError, match="must have no dot"):
        VoltSegmentorConfig(classes={"rooms.small": 2})


def test_published_data_sets_are_presets():
    counts = {"scannet": 20, "scannet200": 200, "scannetpp": 100}
    for name, count in counts.items():
        config = getattr(VoltSegmentorConfig, name)()
        assert config.classes == {"Default": count}


@pytest.mark.parametrize("space", [2, 3])
def test_a_convolution_of_all_voxels_of_a_box_is_a_dense_one(space):
    torch.manual_seed(0)
    sides = (4, 3, 5)[:space]
    cells = torch.cartesian_prod(*(torch.arange(side) for side in sides)) - 2
    layer = VoxelConvolution(2, 3, space).double()
    x = torch.randn(len(cells), 2, dtype=torch.float64)
    level = VoxelLevel.of(cells, torch.tensor([0, len(cells)]))
    kernel = layer.linear.weight.view(3, *[3] * space, 2).movedim(-1, 1)
    dense = {2: F.conv2d, 3: F.conv3d}[space](x.T.view(1, 2, *sides), kernel, padding=1)
    expected = dense[0].flatten(1).T
    torch.testing.assert_close(layer(x, level.neighbors), expected, atol=ROUNDING, rtol=0)


def test_empty_voxels_and_other_scenes_are_no_neighbours():
    cells = torch.tensor([[0, 0], [0, 1], [2, 0], [0, 0], [1, 1]])
    level = VoxelLevel.of(cells, torch.tensor([0, 3, 5]))
    places = {(-1, -1): 0, (0, -1): 3, (0, 0): 4, (0, 1): 5, (1, 1): 8}
    found = {
        (voxel, place): number
        for voxel, row in enumerate(level.neighbors.tolist())
        for place, number in enumerate(row)
        if number < len(cells)
    }
    own = {(voxel, places[0, 0]): voxel for voxel in range(5)}
    first = {(0, places[0, 1]): 1, (1, places[0, -1]): 0}
    second = {(3, places[1, 1]): 4, (4, places[-1, -1]): 3}
    assert found == own | first | second


def test_a_teacher_tells_scenes_apart_and_averages_rows_in_one_voxel(scenes):
    torch.manual_seed(0)
    teacher = VoxelTeacher(VoxelTeacherConfig(channels=3, classes=4, widths=(4, 6, 8)))
    teacher.double().eval()
    coordinates, features, ptr = scenes(span=6)
    features = features.double()
    alone = [
        teacher(coordinates[start:stop], features[start:stop])
        for start, stop in zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True)
    ]
    together = teacher(coordinates, features, ptr)
    torch.testing.assert_close(together, torch.cat(alone), atol=ROUNDING, rtol=0)
    for row in coordinates[:30].unique(dim=0):
        same = (coordinates[:30] == row).all(1).nonzero().squeeze(1)
        assert (together[same] == together[same[0]]).all()


def test_voxels_too_far_apart_for_a_convolution_are_refused():
    cells = torch.tensor([[0, 0, 0], [2**21 - 1, 2**21 - 1, 2**21 - 1]])
    with pytest.raises(DataError, match="near enough to be numbered"):
        _ = VoxelLevel.of(cells, torch.tensor([0, 2])).neighbors


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": 1}, "space must be 2 or 3"),
        ({"classes": 1}, "classes must be at least 2"),
        ({"widths": ()}, "a positive width per level"),
    ],
)
def test_impossible_teachers_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        VoxelTeacherConfig(**changes)
