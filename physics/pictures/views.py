"""Every picture that can be made of one case, by name."""

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvista as pv
from jaxtyping import Float

from graphformers.errors import DataError, check_known
from graphformers.files import replacing
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures.distance import distance_picture
from graphformers.physics.pictures.field import comparison_picture, field_picture
from graphformers.physics.pictures.isosurfaces import isosurface_picture
from graphformers.physics.pictures.slices import slice_picture
from graphformers.physics.pictures.streamlines import streamline_picture
from graphformers.physics.pictures.surface import surface_comparison, surface_picture
from graphformers.physics.pictures.wall_curve import wall_picture
from graphformers.physics.prediction import TRUTH_SUFFIX
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.reading import case_from_dataset, read_case

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """One field of a case, and its prediction where there is one."""

    case: MeshCase
    field: str
    prediction: Float[np.ndarray, "points components"] | None = None

    def predicted(self) -> Float[np.ndarray, "points components"]:
        """The prediction; ``DataError`` without one."""
        if self.prediction is None:
            raise DataError(
                f"{self.case.name!r} holds no prediction to compare: expected "
                f"{self.field + TRUTH_SUFFIX!r} beside {self.field!r}, as predict writes them"
            )
        return self.prediction


def views(
    source: str | Path | pv.DataSet | MeshCase, field: str, kinds: Sequence[str] | None = None
) -> dict[str, bytes]:
    """PNG pictures of a field by kind, such as ``slice``; see ``VIEWS``.

    A prediction as ``Surrogate.predict`` leaves it (``p`` beside ``p_truth``) is compared with the
    truth. Without ``kinds`` those are made that suit the mesh and its field; one asked for by name
    that does not is a ``DataError``.
    """
    for kind in kinds or ():
        check_known(kind, VIEWS, "no view")
    subject = subject_of(source, field)
    if kinds is not None:
        return {kind: VIEWS[kind](subject) for kind in kinds}
    pictures = {}
    for kind, make in VIEWS.items():
        try:
            pictures[kind] = make(subject)
        except DataError as reason:
            logger.info("no picture %r: %s", kind, reason)
    return pictures


def write_views(
    source: str | Path | pv.DataSet | MeshCase,
    field: str,
    folder: str | Path,
    kinds: Sequence[str] | None = None,
) -> list[Path]:
    """Write the pictures of ``views`` as ``<field>_<kind>.png`` and return their paths."""
    paths = []
    for kind, png in views(source, field, kinds).items():
        paths.append(Path(folder) / f"{field}_{kind}.png")
        write_picture(png, paths[-1])
    return paths


def view(source: str | Path, *, field: str, screenshot: str | Path) -> None:
    """Draw one field of a mesh file or OpenFOAM case into a PNG file."""
    case = read_case(source, ReadOptions(fields=(field,)))
    write_picture(field_picture(case, field), screenshot)


def write_picture(png: bytes, path: str | Path) -> None:
    """Write a picture atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(png)


def subject_of(source: str | Path | pv.DataSet | MeshCase, field: str) -> Subject:
    """A field with its prediction, where the source holds ``<field>_truth`` beside it."""
    if isinstance(source, MeshCase):
        source.stacked_fields([field])
        return Subject(case=source, field=field)
    case = case_from_dataset(source) if isinstance(source, pv.DataSet) else read_case(source)
    shown = case.stacked_fields([field])
    truth = case.fields.get(field + TRUTH_SUFFIX)
    if truth is None:
        return Subject(case=case, field=field)
    fields = {**case.fields, field: truth}
    return Subject(case=dataclasses.replace(case, fields=fields), field=field, prediction=shown)


def _field(subject: Subject) -> bytes:
    return field_picture(subject.case, subject.field)


def _comparison(subject: Subject) -> bytes:
    return comparison_picture(subject.case, subject.predicted(), subject.field)


def _surface(subject: Subject) -> bytes:
    if subject.prediction is None:
        return surface_picture(subject.case, subject.field)
    return surface_comparison(subject.case, subject.prediction, subject.field)


def _slice(subject: Subject) -> bytes:
    return slice_picture(subject.case, subject.field, subject.prediction)


def _streamlines(subject: Subject) -> bytes:
    return streamline_picture(subject.case, subject.field)


def _isosurface(subject: Subject) -> bytes:
    return isosurface_picture(subject.case, subject.field)


def _wall(subject: Subject) -> bytes:
    return wall_picture(subject.case, subject.predicted()[:, 0], subject.field)


def _distance(subject: Subject) -> bytes:
    predictions = {"prediction": [subject.predicted()]}
    return distance_picture([subject.case], predictions, subject.field)


VIEWS: Mapping[str, Callable[[Subject], bytes]] = {
    "field": _field,
    "comparison": _comparison,
    "surface": _surface,
    "slice": _slice,
    "streamlines": _streamlines,
    "isosurface": _isosurface,
    "wall": _wall,
    "distance": _distance,
}
