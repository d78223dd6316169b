"""Error against the distance to the wall."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from graphformers.errors import DataError
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.metrics import (
    DistanceProfile,
    distance_shells,
    error_by_distance,
    point_error,
)
from graphformers.physics.pictures.captions import error_label
from graphformers.physics.pictures.panels import hide_frame, new_figure, png_bytes

Predictions: TypeAlias = Sequence[Float[np.ndarray, "points components"]]
DISTANCE = 1  # column of ``MeshCase.features``


def distance_picture(
    cases: Sequence[MeshCase], predictions: Mapping[str, Predictions], field: str
) -> bytes:
    """PNG of the root mean square error in shells around the wall, a line for each method.

    ``predictions`` holds, by name of the method, one field for each case.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    for name, fields in predictions.items():
        profile = distance_profile(cases, fields, field)
        middle = 0.5 * (profile.edges[:-1] + profile.edges[1:])
        axes.plot(middle, profile.rms, marker="o", markersize=3, linewidth=1.3, label=name)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("distance to the wall (m)")
    axes.set_ylabel(f"rms {error_label(cases[0], field)}")
    if len(predictions) > 1:
        axes.legend(frameon=False)
    hide_frame(axes)
    return png_bytes(figure)


def distance_profile(
    cases: Sequence[MeshCase], predictions: Predictions, field: str
) -> DistanceProfile:
    """Error in shells around the wall over the points of all cases; see ``distance_shells``."""
    with_wall = [number for number, case in enumerate(cases) if case.wall.facets.size]
    if not with_wall:
        raise DataError("errors against the distance need a case with a wall")
    error = np.concatenate(
        [point_error(predictions[k], cases[k].stacked_fields([field])) for k in with_wall]
    )
    distance = np.concatenate([cases[k].features[:, DISTANCE] for k in with_wall])
    extent = max(cases[k].wall.extent for k in with_wall)
    return error_by_distance(error, distance, distance_shells(distance, extent))
