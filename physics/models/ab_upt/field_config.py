"""Sizes of an AB-UPT for fields on a mesh."""

from dataclasses import dataclass, field

from graphformers.errors import ConfigError
from graphformers.physics.models.ab_upt.config import ABUPTConfig, BlockKind, Branch
from graphformers.physics.models.task import StaticTask, TransientTask, check_at_least

SURFACE, VOLUME = "surface", "volume"


@dataclass(frozen=True, kw_only=True)
class ABUPTFieldConfig:
    """Sizes of an AB-UPT for fields on a mesh; ``task`` says what goes in and what comes out.

    A point lies on the wall where one of the ``wall_columns`` of ``batch.x`` is positive; None
    stands for the first column of a static task, as ``wall.node_features`` has it, and for none of
    a transient task. Points on the wall are the geometry and the surface branch, all others the
    volume branch. Without a wall there is one branch, and the geometry is drawn from all points.

    Numbers of ``geometry_points``, ``supernodes`` and anchors are those of one case, which may have
    fewer. Positions are multiplied by ``position_scale`` (see ``ABUPTConfig``); ``radius`` is the
    reach of a supernode before that. ``branch_blocks`` counts the blocks of each branch alone.
    """

    task: StaticTask | TransientTask = field(default_factory=StaticTask)
    space: int = 2
    dim: int = 64
    heads: int = 2
    feed_forward: int = 2
    geometry_blocks: int = 1
    blocks: tuple[BlockKind, ...] = ("perceiver", "self", "cross", "self", "cross")
    branch_blocks: int = 1
    wall_columns: tuple[int, ...] | None = None
    position_scale: float = 100.0
    radius: float = 0.05
    max_neighbors: int = 32
    geometry_points: int = 2048
    supernodes: int = 128
    surface_anchors: int = 128
    volume_anchors: int = 256

    def __post_init__(self) -> None:
        counts = ("geometry_points", "supernodes", "surface_anchors", "volume_anchors")
        check_at_least(self, branch_blocks=0, **dict.fromkeys(counts, 1))
        if not self.position_scale > 0:
            raise ConfigError(f"position_scale must be positive; got {self.position_scale}")
        columns = self.task.columns
        if any(not 0 <= column < columns for column in self.walls):
            raise ConfigError(f"wall_columns must be of {columns} columns; got {self.wall_columns}")
        self.network  # noqa: B018  its configuration checks the rest

    @property
    def walls(self) -> tuple[int, ...]:
        """Columns that tell the wall; none where nothing does."""
        if self.wall_columns is not None:
            return self.wall_columns
        return (0,) if isinstance(self.task, StaticTask) else ()

    @property
    def anchors(self) -> dict[str, int]:
        """Number of anchors in each branch."""
        counts = {SURFACE: self.surface_anchors, VOLUME: self.volume_anchors}
        return counts if self.walls else {VOLUME: self.volume_anchors}

    @property
    def network(self) -> ABUPTConfig:
        """The AB-UPT inside; with one branch, there is no other to be crossed with."""
        blocks: tuple[BlockKind, ...] = self.blocks
        if not self.walls:
            blocks = tuple(_alone(kind) for kind in blocks)
        return ABUPTConfig(
            branches=tuple(self._branch(name) for name in self.anchors),
            space=self.space,
            dim=self.dim,
            heads=self.heads,
            feed_forward=self.feed_forward,
            radius=self.radius * self.position_scale,
            max_neighbors=self.max_neighbors,
            geometry_blocks=self.geometry_blocks,
            blocks=blocks,
            conditions=self.task.conditions,
        )

    def _branch(self, name: str) -> Branch:
        return Branch(
            name=name,
            fields={"fields": self.task.fields},
            blocks=self.branch_blocks,
            features=self.task.columns,
        )


def _alone(kind: BlockKind) -> BlockKind:
    return "self" if kind == "cross" else kind
