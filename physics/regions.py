"""Which part of a flow around a body every point is in: free stream, boundary layer or wake."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float, Int

from graphformers.errors import ConfigError, DataError
from graphformers.physics.forces import FreeStream
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.wall import node_feature_names

ANGLE = "angle_of_attack_deg"


class FlowRegion(IntEnum):
    """Parts of the flow around a body, numbered as the classes of a segmentation."""

    FREE_STREAM = 0
    BOUNDARY_LAYER = 1
    WAKE = 2


@dataclass(frozen=True, kw_only=True)
class RegionThresholds:
    """Where one region ends and the next begins.

    ``loss`` is a share of the dynamic pressure of the free stream: 0.05 are 2.5 % of the speed at
    the pressure far away. ``layer_height`` is a length in units of the wall's extent (the chord of
    an airfoil): slow fluid ahead of the trailing edge but farther from the wall is no boundary
    layer; it has separated and counts as wake.
    """

    loss: float = 0.05
    layer_height: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.loss < 1:
            raise ConfigError(f"loss must lie between 0 and 1; got {self.loss}")
        if not self.layer_height > 0:
            raise ConfigError(f"layer_height must be positive; got {self.layer_height}")


def total_pressure_loss(
    pressure: Float[np.ndarray, " points"],
    velocity: Float[np.ndarray, "points components"],
    stream: FreeStream,
) -> Float[np.ndarray, " points"]:
    r"""What friction has taken from the flow, as a share of the free stream's dynamic pressure.

    .. math:: 1 - \frac{p + \tfrac12 \rho |u|^2}{\tfrac12 \rho U_\infty^2}

    with the pressure counted from the one far away (kinematic for a density of 1). By Bernoulli's
    law it is zero wherever the fluid has met no wall, however slow or fast it is; a velocity
    deficit would also find the stagnation point.
    """
    dynamic = 0.5 * stream.density * stream.speed**2
    speed_squared = np.square(velocity, dtype=np.float64).sum(axis=1)
    return 1 - (pressure + 0.5 * stream.density * speed_squared) / dynamic


def flow_regions(
    case: MeshCase,
    stream: FreeStream | None = None,
    thresholds: RegionThresholds | None = None,
) -> Int[np.ndarray, " points"]:
    """The ``FlowRegion`` of every point of a case with the fields ``p`` and ``U``.

    Fluid without loss is free stream. The rest is wake behind the last wall point along the stream,
    boundary layer ahead of it and near the wall, wake where it is far from the wall. The wall
    itself is boundary layer. ``stream`` None takes the case's angle of attack and 1 m/s. Raises
    ``DataError`` for a case without fields, wall or angle.
    """
    thresholds = thresholds or RegionThresholds()
    if stream is None:
        stream = FreeStream(angle_of_attack_deg=float(case.parameter_values([ANGLE])[0]))
    if not case.wall.point_ids.size:
        raise DataError(f"case {case.name!r} has no wall, so nothing to divide its flow by")
    flow = case.stacked_fields(["p", "U"])
    slow = total_pressure_loss(flow[:, 0], flow[:, 1:], stream) > thresholds.loss
    along = case.points @ stream.axes(case.space)[0]
    behind = along > along[case.wall.point_ids].max()
    distance = case.features[:, node_feature_names(case.space).index("wall_distance")]
    near = distance <= thresholds.layer_height * case.wall.extent
    regions = np.full(case.num_points, int(FlowRegion.FREE_STREAM))
    regions[slow] = FlowRegion.WAKE
    regions[slow & near & ~behind] = FlowRegion.BOUNDARY_LAYER
    regions[case.wall.point_ids] = FlowRegion.BOUNDARY_LAYER
    return regions
