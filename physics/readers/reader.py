"""What a reader of a file format is made of, and what it hands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyvista as pv
from jaxtyping import Float, Int

from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile

PointFields = Mapping[str, Float[np.ndarray, "points components"]]


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenedMesh:
    """One mesh as a reader found it.

    8-bit point arrays of only 0 and 1 are boundary tags, the one called ``wall`` marks the body.
    Scalars in the field data are numbers of the case.
    """

    dataset: pv.DataSet
    units: Mapping[str, str] = field(default_factory=dict)
    wall_path: Path | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenedSeries:
    """A mesh and how to read its fields at one step; ``node_types`` None leaves them to the tags.

    ``read_step`` gives ``field_names``, each (points, components). It may be called in any order
    and from other processes: it opens what it reads.
    """

    mesh: OpenedMesh
    times: Float[np.ndarray, " steps"]
    field_names: tuple[str, ...]
    read_step: Callable[[int], PointFields]
    node_types: Int[np.ndarray, " points"] | None = None


def one_case(path: Path) -> list[CaseFile]:
    """The cases of a file or folder that is one case."""
    return [CaseFile(name=path.name if path.is_dir() else path.stem, path=path)]


def no_pieces(_: Path) -> list[Path]:
    """The pieces of a case that is one file or folder."""
    return []


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A file format.

    ``recognises`` looks at names, and at the content only where many formats share a suffix; it is
    true for a case and for a folder or file that holds several. ``cases`` lists these. ``read``
    opens one, at ``options.time`` if it has several times; ``open_series`` opens all of them.
    ``pieces`` are files beside a case that belong to it and are none of their own.
    """

    name: str
    expects: str  # file suffixes or the layout of the folder, for messages
    recognises: Callable[[Path], bool]
    read: Callable[[CaseFile, ReadOptions], OpenedMesh]
    cases: Callable[[Path], list[CaseFile]] = one_case
    pieces: Callable[[Path], list[Path]] = no_pieces
    open_series: Callable[[CaseFile, ReadOptions], OpenedSeries] | None = None
