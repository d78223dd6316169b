"""Where one case lies and what is known of it before its mesh is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """Where one case lies and what the tables beside it say.

    ``part`` names the case inside a file that holds several. ``inputs`` are the ``numbers`` which
    the data set is known to vary (shape, speed): parameters unless others are asked for.
    """

    name: str
    path: Path  # a mesh file or the folder of a case
    wall_path: Path | None = None  # the surface beside it, ``<name>_wall.vtp``
    split: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    part: str | None = None
    inputs: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The place named in messages."""
        return f"{self.path}, {self.part}" if self.part else str(self.path)
