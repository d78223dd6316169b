"""What to take from the files of a data set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from graphformers.errors import ConfigError

Region = Literal["surface", "volume"]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What to take from the files of a data set, and what they do not say themselves.

    ``fields`` None takes every field; names are point fields, or cell fields which are then
    averaged to the points. ``inputs`` are fields of the same kind that a model is given instead: a
    permeability, a source of heat. ``parameters`` None takes those a data set is known to have and
    those of ``KNOWN_PARAMETERS`` that are there; all other numbers of the file are results.
    ``given`` sets parameters by hand, before table and file.

    ``walls`` names the boundary tags that make up the body, where the files do not say which they
    are. ``region`` chooses the surface or the volume of data sets that keep both; None is what the
    data set is mostly used for.
    """

    fields: tuple[str, ...] | None = None
    inputs: tuple[str, ...] = ()
    parameters: tuple[str, ...] | None = None
    given: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    time: float | None = None  # of a solution over time; None is the last one
    walls: tuple[str, ...] | None = None
    region: Region | None = None
    scale: float = 1.0  # metres in one unit of length of the files: 0.001 for millimetres
    step_seconds: float = 1.0  # seconds between steps where the files do not say it
    skip_missing: bool = False  # leave out named fields that a file has not

    def __post_init__(self) -> None:
        both = sorted({*self.inputs} & {*(self.fields or ())})
        if both:
            raise ConfigError(f"{both[0]!r} cannot be given and be learned too")
        if self.region not in (None, "surface", "volume"):
            raise ConfigError(f"region must be 'surface' or 'volume'; got {self.region!r}")
        for name in ("scale", "step_seconds"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above zero; got {getattr(self, name)}")

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """All that is read at the points: fields and inputs; None is everything there is."""
        return None if self.fields is None else (*self.fields, *self.inputs)

    def as_document(self) -> dict[str, object]:
        """The options as JSON, in an order of their own."""
        return {
            "fields": self.fields,
            "inputs": self.inputs,
            "parameters": self.parameters,
            "given": dict(sorted(self.given.items())),
            "units": dict(sorted(self.units.items())),
            "time": self.time,
            "walls": self.walls,
            "region": self.region,
            "scale": self.scale,
            "step_seconds": self.step_seconds,
            "skip_missing": self.skip_missing,
        }
