"""Sizes of an AB-UPT."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from graphformers.errors import ConfigError
from graphformers.kernels import MaxNeighbors
from graphformers.layers.sine_position_code import wave_frequencies
from graphformers.physics.models.task import check_at_least

BlockKind = Literal["perceiver", "self", "cross", "joint"]
KINDS: tuple[BlockKind, ...] = get_args(BlockKind)


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A kind of points with fields of its own, such as those on a surface or in the volume.

    ``fields`` names what is predicted there, with its number of components. ``blocks`` counts the
    blocks that only this branch passes. ``features`` counts what is known of its points besides
    the position; the published models know nothing else.
    """

    name: str
    fields: Mapping[str, int]
    blocks: int = 2
    features: int = 0

    def __post_init__(self) -> None:
        check_at_least(self, blocks=0, features=0)
        if not self.name.isidentifier():
            raise ConfigError(f"a branch needs a name of letters and digits; got {self.name!r}")
        if not self.fields or min(self.fields.values()) < 1:
            raise ConfigError(
                f"branch {self.name!r} needs fields of one component at least; got {self.fields}"
            )

    @property
    def columns(self) -> dict[str, slice]:
        """Where each field stands in what the branch predicts."""
        ends, columns = 0, {}
        for name, components in self.fields.items():
            columns[name] = slice(ends, ends + components)
            ends += components
        return columns


def _surface_and_volume(blocks: int) -> tuple[Branch, ...]:
    surface = {"pressure": 1, "wall_shear_stress": 3}
    volume = {"total_pressure_coefficient": 1, "velocity": 3, "vorticity": 3}
    return (
        Branch(name="surface", fields=surface, blocks=blocks),
        Branch(name="volume", fields=volume, blocks=blocks),
    )


@dataclass(frozen=True, kw_only=True)
class ABUPTConfig:
    """Sizes of an AB-UPT, and the branches whose fields it predicts.

    ``radius`` is the reach of a supernode, in the units of the positions, which should fill
    hundreds (see ``SinePositionCode``); it pools ``max_neighbors`` points at most, and
    ``neighbor_choice`` says which when there are more. ``blocks`` are the blocks all branches pass
    with the same weights: ``"perceiver"`` reads the geometry, ``"self"`` the anchors of the
    token's own branch, ``"cross"`` those of all others, ``"joint"`` those of all. ``conditions``
    counts global numbers of a case; the geometry is encoded without them.
    """

    branches: tuple[Branch, ...] = field(default_factory=lambda: _surface_and_volume(2))
    space: int = 3
    dim: int = 192
    heads: int = 3
    feed_forward: int = 4
    radius: float = 0.25
    max_neighbors: int = 32
    neighbor_choice: Literal["nearest", "first", "random"] = "nearest"
    geometry_blocks: int = 1
    blocks: tuple[BlockKind, ...] = ("perceiver", "self", "cross", "self", "cross", "self")
    conditions: int = 0

    def __post_init__(self) -> None:
        sizes = ("dim", "heads", "feed_forward", "max_neighbors")
        check_at_least(self, geometry_blocks=0, conditions=0, **dict.fromkeys(sizes, 1))
        if self.space not in (2, 3):
            raise ConfigError(f"space must be 2 or 3; got {self.space}")
        if self.dim % self.heads or (self.dim // self.heads) % 2:
            raise ConfigError(
                f"dim must be heads times an even number; got dim {self.dim}, heads {self.heads}"
            )
        wave_frequencies(self.dim // self.heads, self.space)
        wave_frequencies(self.dim, self.space + 1)
        if not self.radius > 0:
            raise ConfigError(f"radius must be positive; got {self.radius}")
        MaxNeighbors(self.max_neighbors, self.neighbor_choice)
        self._check_blocks()

    def _check_blocks(self) -> None:
        names = [branch.name for branch in self.branches]
        if not names or len(set(names)) < len(names):
            raise ConfigError(f"branches need names of their own; got {names}")
        for kind in self.blocks:
            if kind not in KINDS:
                raise ConfigError(f"blocks must be of {', '.join(KINDS)}; got {kind!r}")
        if "cross" in self.blocks and len(names) < 2:
            raise ConfigError("a cross block needs a second branch to read")

    def branch(self, name: str) -> Branch:
        """A branch by name; ``ConfigError`` when there is none."""
        for branch in self.branches:
            if branch.name == name:
                return branch
        names = ", ".join(branch.name for branch in self.branches)
        raise ConfigError(f"no branch {name!r}; it has {names}")

    @classmethod
    def drivaerml(cls) -> "ABUPTConfig":
        """DrivAerML, Alkin et al. 2025: 8,751,179 parameters; coordinates from 0 to 1000."""
        return cls(branches=_surface_and_volume(6), neighbor_choice="first")

    @classmethod
    def ahmedml(cls) -> "ABUPTConfig":
        """AhmedML, Alkin et al. 2025: 6,971,723 parameters; coordinates from 0 to 1000."""
        return cls(blocks=_DEEP, neighbor_choice="first")

    @classmethod
    def shapenet_car(cls) -> "ABUPTConfig":
        """ShapeNet-Car, Alkin et al. 2025: pressure on the car, velocity around it."""
        branches = (
            Branch(name="surface", fields={"pressure": 1}),
            Branch(name="volume", fields={"velocity": 3}),
        )
        return cls(branches=branches, blocks=_DEEP, radius=9.0, neighbor_choice="first")


_PAIR: tuple[BlockKind, ...] = ("self", "cross")
_DEEP: tuple[BlockKind, ...] = ("perceiver", *_PAIR * 4, "self")
