"""Say what every voxel of a scanned room is: one Volt for two data sets, taught by convolutions.

Rooms are made up: floor, walls, tables and balls of random sizes and places. One data set names all
four, the other tells furniture from the room only; each has a head of its own. A convolutional
teacher learns the first data set, and a Volt then learns from the labels and from its answers.

python examples/room_segmentation.py
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graphformers.physics.models import (
    VoltConfig,
    VoltSegmentor,
    VoltSegmentorConfig,
    VoxelTeacher,
    VoxelTeacherConfig,
)
from graphformers.physics.segmentation import (
    distillation_loss,
    intersection_over_union,
    segmentation_loss,
)

KINDS = ("floor", "wall", "table", "ball")
CLASSES = {"kinds": len(KINDS), "furniture": 2}
ROOMS, TEST_ROOMS, EPOCHS = 24, 8, 12


@dataclass(frozen=True)
class Room:
    """Occupied voxels, what a scanner sees of them (their height), and what they are."""

    cells: Tensor  # (voxels, 3)
    heights: Tensor  # (voxels, 1)
    kinds: Tensor  # (voxels,)

    def labels(self, data_set: str) -> Tensor:
        """The classes of one data set."""
        return self.kinds if data_set == "kinds" else (self.kinds >= KINDS.index("table")).long()


def main() -> None:
    torch.manual_seed(0)
    train, test = [room() for _ in range(ROOMS)], [room() for _ in range(TEST_ROOMS)]

    teacher = VoxelTeacher(VoxelTeacherConfig(channels=1, classes=len(KINDS), widths=(16, 32)))
    learn(teacher, train, lambda one: segmentation_loss(teacher(*seen(one)), one.kinds))
    show("convolutional teacher", lambda one: teacher(*seen(one)), test, "kinds")

    backbone = VoltConfig(
        channels=1, dim=64, heads=2, depth=3, decoder_dim=32, patch=3, drop_path=0.0
    )
    volt = VoltSegmentor(VoltSegmentorConfig(backbone=backbone, classes=CLASSES, distillation=True))
    learn(volt, train, lambda one: joint_loss(volt, teacher, one))
    show("Volt", lambda one: volt(*seen(one), data_set="kinds"), test, "kinds")
    show("Volt", lambda one: volt(*seen(one), data_set="furniture"), test, "furniture")


def joint_loss(volt: VoltSegmentor, teacher: VoxelTeacher, one: Room) -> Tensor:
    """Labels and the teacher's answers for the first data set, labels alone for the other."""
    own, of_teacher = volt.logits_for_training(*seen(one), data_set="kinds")
    kinds = distillation_loss(own, of_teacher, one.kinds, teacher.labels(*seen(one)))
    return kinds + segmentation_loss(
        volt(*seen(one), data_set="furniture"), one.labels("furniture")
    )


def learn(model: nn.Module, rooms: list[Room], loss_of) -> None:
    steps = EPOCHS * len(rooms)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    model.train()
    for _ in range(EPOCHS):
        for number in torch.randperm(len(rooms)).tolist():
            optimizer.zero_grad()
            loss_of(rooms[number]).backward()
            optimizer.step()
            schedule.step()
    model.eval()


def room() -> Room:
    """A floor with walls around it, three tables and three balls on it."""
    width, depth, height = torch.randint(24, 36, (3,)).tolist()
    x, y = torch.meshgrid(torch.arange(width), torch.arange(depth), indexing="ij")
    floor = torch.stack([x, y, torch.zeros_like(x)], dim=-1).view(-1, 3)
    edge = floor[(floor[:, 0] == 0) | (floor[:, 1] == 0)]
    up = torch.arange(1, height // 2)
    walls = edge[:, None] + torch.stack([0 * up, 0 * up, up], dim=1)
    parts = [floor, walls.reshape(-1, 3)]
    parts += [torch.cat([shape(width, depth) for _ in range(3)]) for shape in (table, ball)]
    kinds = torch.cat([torch.full((len(part),), kind) for kind, part in enumerate(parts)])
    cells = torch.cat(parts)
    return Room(cells, cells[:, 2:] / 10, kinds)


def table(width: int, depth: int) -> Tensor:
    """A flat top at a random height."""
    sides, high = torch.randint(4, 8, (2,)), torch.randint(3, 6, (1,))
    corner = place(width, depth, int(sides.max()))
    flat = torch.cartesian_prod(torch.arange(int(sides[0])), torch.arange(int(sides[1])))
    return torch.cat([flat + corner, high.expand(len(flat), 1)], dim=1)


def ball(width: int, depth: int) -> Tensor:
    """The surface of a ball that lies on the floor."""
    radius = int(torch.randint(2, 4, (1,)))
    cube = torch.cartesian_prod(*[torch.arange(-radius, radius + 1)] * 3)
    shell = cube[(cube.square().sum(dim=1).double().sqrt() - radius).abs() < 0.5]
    corner = place(width, depth, 2 * radius)
    return shell + torch.cat([corner + radius, torch.tensor([radius + 1])])


def place(width: int, depth: int, size: int) -> Tensor:
    """A corner from which something of that size stays inside the room."""
    return torch.stack([torch.randint(1, side - size, ()) for side in (width, depth)])


def seen(one: Room) -> tuple[Tensor, Tensor]:
    """What a network is given of a room."""
    return one.cells, one.heights


def show(name: str, logits_of, rooms: list[Room], data_set: str) -> None:
    with torch.inference_mode():
        predicted = torch.cat([logits_of(one).argmax(dim=1) for one in rooms])
    true = torch.cat([one.labels(data_set) for one in rooms])
    shares = intersection_over_union(predicted, true, CLASSES[data_set])
    names = KINDS if data_set == "kinds" else ("room", "furniture")
    each = ", ".join(f"{kind} {share:.2f}" for kind, share in zip(names, shares, strict=True))
    print(f"{name:22} intersection over union {shares.mean():.2f} ({each})")


if __name__ == "__main__":
    main()
