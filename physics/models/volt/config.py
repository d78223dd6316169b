"""Sizes of a Volt."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from graphformers.errors import ConfigError
from graphformers.physics.models.task import StaticTask, TransientTask, check_at_least

INDOOR_CHANNELS = 6  # colour and normal, in the published indoor models
PUBLISHED_HEAD = "Default"  # name of the only head of a model of one data set


@dataclass(frozen=True, kw_only=True)
class VoltSizes:
    """What every Volt is made of.

    ``space`` is the number of axes of the voxels, ``patch`` the edge of a token in voxels and
    ``decoder_dim`` the number of features of every voxel. Every axis has its share of the wave
    pairs of a head: half of them in the plane, 3/8 for x and y and 1/4 for z in space. Their
    frequencies fall from 1 to ``1 / rotary_base`` radians per token. ``drop_path`` is how often
    the last block is left out in training; earlier blocks less often, the first never.
    ``layer_scale`` is the initial factor of every residual branch, if it has one.
    """

    space: int = 3
    dim: int = 384
    heads: int = 6
    depth: int = 12
    patch: int = 5
    decoder_dim: int = 128
    rotary_base: float = 100.0
    qk_norm: bool = True
    layer_scale: float | None = None
    drop_path: float = 0.3

    def __post_init__(self) -> None:
        check_at_least(self, dim=1, heads=1, depth=1, patch=1, decoder_dim=1)
        if self.space not in (2, 3):
            raise ConfigError(f"space must be 2 or 3; got {self.space}")
        unit = self.heads * (16 if self.space == 3 else 4)
        if self.dim % unit:
            raise ConfigError(
                f"dim must be a multiple of {unit}, so that the waves of {self.heads} heads can be "
                f"shared among {self.space} axes; got {self.dim}"
            )
        if not self.rotary_base > 1:
            raise ConfigError(f"rotary_base must be greater than 1; got {self.rotary_base}")
        if not 0 <= self.drop_path < 1:
            raise ConfigError(f"drop_path must lie in [0, 1); got {self.drop_path}")

    @property
    def head_dim(self) -> int:
        """Width of a head."""
        return self.dim // self.heads

    @property
    def rotary_pairs(self) -> tuple[int, ...]:
        """Pairs of numbers of a head that turn with each coordinate: 12, 12, 8 as published."""
        pairs = self.head_dim // 2
        if self.space == 2:
            return pairs // 2, pairs // 2
        return 3 * pairs // 8, 3 * pairs // 8, pairs // 4

    @property
    def patch_voxels(self) -> int:
        """Voxels of a token, occupied or not."""
        return self.patch**self.space


@dataclass(frozen=True, kw_only=True)
class VoltConfig(VoltSizes):
    """Sizes of a Volt that reads ``channels`` features of every voxel."""

    channels: int = INDOOR_CHANNELS

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, channels=1)

    @classmethod
    def volt_s(cls) -> "VoltConfig":
        """Volt-S, Yilmaz et al. 2026: 23,683,584 parameters."""
        return cls()

    @classmethod
    def volt_b(cls) -> "VoltConfig":
        """Volt-B, Yilmaz et al. 2026: 94,025,728 parameters."""
        return cls(dim=768, heads=12, decoder_dim=256)


@dataclass(frozen=True, kw_only=True)
class VoltSegmentorConfig:
    """A Volt with a linear head for every data set it learns from, by name.

    ``classes`` is the number of classes of each data set. With ``distillation`` every data set has
    a second head, which learns what a teacher says.
    """

    backbone: VoltConfig = field(default_factory=VoltConfig)
    classes: Mapping[str, int] = field(default_factory=lambda: {PUBLISHED_HEAD: 20})
    distillation: bool = False

    def __post_init__(self) -> None:
        if not self.classes or min(self.classes.values()) < 2:
            raise ConfigError(
                f"classes must name a data set with at least 2 classes; got {dict(self.classes)}"
            )
        for name in self.classes:
            if not name or "." in name:
                raise ConfigError(f"the name of a data set must have no dot; got {name!r}")

    @classmethod
    def scannet(cls) -> "VoltSegmentorConfig":
        """Volt-S on ScanNet alone, Yilmaz et al. 2026: 20 classes."""
        return cls()

    @classmethod
    def scannet200(cls) -> "VoltSegmentorConfig":
        """Volt-S on ScanNet200 alone, Yilmaz et al. 2026: 200 classes."""
        return cls(classes={PUBLISHED_HEAD: 200})

    @classmethod
    def scannetpp(cls) -> "VoltSegmentorConfig":
        """Volt-S on ScanNet++ alone, Yilmaz et al. 2026: 100 classes."""
        return cls(classes={PUBLISHED_HEAD: 100})


@dataclass(frozen=True, kw_only=True)
class VoltFieldConfig(VoltSizes):
    """Sizes of a Volt for fields on meshes; ``task`` says what goes in and what comes out.

    ``voxel`` is the edge of a voxel in the length unit of the positions. Cost grows with the square
    of the number of tokens, which are ``patch * voxel`` wide.
    """

    task: StaticTask | TransientTask = field(default_factory=StaticTask)
    voxel: float = 0.02
    space: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.voxel < float("inf"):
            raise ConfigError(f"voxel must be positive; got {self.voxel}")

    @property
    def point_features(self) -> int:
        """Columns of what is known at a point."""
        return self.task.columns + self.task.conditions + 2 * self.space

    @property
    def backbone(self) -> VoltConfig:
        """The Volt inside."""
        sizes = {one.name: getattr(self, one.name) for one in fields(VoltSizes)}
        return VoltConfig(channels=self.point_features, **sizes)

    @classmethod
    def volt_s(cls) -> "VoltFieldConfig":
        """Sizes of Volt-S, Yilmaz et al. 2026."""
        return cls()

    @classmethod
    def volt_b(cls) -> "VoltFieldConfig":
        """Sizes of Volt-B, Yilmaz et al. 2026."""
        return cls(dim=768, heads=12, decoder_dim=256)
