"""Flow around a body in a free stream: which cases are, what they refer to, their coefficients."""

from collections.abc import Mapping

import numpy as np

from graphformers.physics.baselines import Fields
from graphformers.physics.forces import (
    ForceCoefficients,
    FreeStream,
    force_coefficients,
    projected_area,
)
from graphformers.physics.mesh_case import MeshCase

PRESSURE, ANGLE, LIFT = "p", "angle_of_attack_deg", "lift_coefficient"
SHEAR = "wallShearStress"  # as OpenFOAM writes it, the friction of the body on the fluid
AREAS = ("reference_area", "frontal_area")  # m2, of a body in space; the first that is stated
REFERENCE_LENGTH = "reference_length"  # m
SIGNS_IN_SPACE = (ANGLE, "drag_coefficient", LIFT, *AREAS)  # only a body in a stream has these


def is_external(case: MeshCase) -> bool:
    """Whether the case is the flow around a body in a free stream, by what it states.

    It must have a wall and state an ``angle_of_attack_deg``; a body in space may state a drag or
    lift coefficient, a ``reference_area`` or a ``frontal_area`` instead. Anything else, such as the
    flow in a channel, has no stream that coefficients could refer to. Nor has a wall without area
    across the stream, unless it states one.
    """
    signs = (ANGLE,) if case.space == 2 else SIGNS_IN_SPACE
    if case.wall.facets.size == 0 or _numbers(case).keys().isdisjoint(signs):
        return False
    return case.space == 2 or body_area(case) > 0


def has_forces(case: MeshCase, fields: Fields) -> bool:
    """Whether the case is an external flow and the fields hold its pressure."""
    return PRESSURE in fields and fields[PRESSURE].shape[1] == 1 and is_external(case)


def body_area(case: MeshCase) -> float:
    """What coefficients of a body in space refer to, m2: the area it states, else its frontal one.

    That is the projection of its wall along the stream; see ``projected_area``.
    """
    numbers = _numbers(case)
    stated = [numbers[name] for name in AREAS if name in numbers]
    along, _ = FreeStream(angle_of_attack_deg=numbers.get(ANGLE, 0.0)).axes(3)
    return stated[0] if stated else projected_area(case.wall, along)


def free_stream(case: MeshCase) -> FreeStream:
    """The stream of an external flow, and the lengths and the area its coefficients refer to.

    The angle of attack is zero where none is stated, and so without a ``speed`` or ``density`` the
    coefficients are those of a computation in units of the free stream. A section is referred to
    its extent as the chord, and moments to the quarter chord of a leading edge at the origin. A
    body in space is referred to ``body_area``, and moments to its ``reference_length``, else its
    extent, and to the middle of its bounding box.
    """
    numbers = _numbers(case)
    extent = case.wall.extent
    chord = extent if case.space == 2 else numbers.get(REFERENCE_LENGTH, extent)
    return FreeStream(
        angle_of_attack_deg=numbers.get(ANGLE, 0.0),
        speed=numbers.get("speed", 1.0),
        density=numbers.get("density", 1.0),
        chord=chord,
        area=None if case.space == 2 else body_area(case),
        moment_center=(0.25 * chord, 0.0) if case.space == 2 else _middle(case),
    )


def coefficients(case: MeshCase, fields: Fields) -> ForceCoefficients:
    """Coefficients of an external flow from its pressure and, where there is one, its wall shear.

    See ``free_stream`` for what they refer to.
    """
    shear = -fields[SHEAR] if SHEAR in fields else None
    return force_coefficients(case.wall, fields[PRESSURE][:, 0], free_stream(case), shear)


def forces_of_prediction(case: MeshCase, predicted: Fields) -> dict[str, tuple[float, float]]:
    """``lift``, ``drag`` and ``moment`` of predicted fields and the true ones; none without forces.

    All are integrated alike and from the same fields: what a pressure leaves out of the solver's
    drag is no error of the prediction. Only the lift of a section, which friction hardly changes,
    is compared with the solver's own where the case states it.
    """
    if not has_forces(case, predicted):
        return {}
    found = coefficients(case, predicted)
    true = coefficients(case, {name: case.fields[name] for name in predicted})
    lift = case.results.get(LIFT, true.lift) if case.space == 2 else true.lift
    return {
        "lift": (found.lift, lift),
        "drag": (found.drag, true.drag),
        "moment": (found.moment, true.moment),
    }


def _numbers(case: MeshCase) -> Mapping[str, float]:
    """What the case states, whether a surrogate takes it for a parameter or not."""
    return {**case.results, **case.parameters}


def _middle(case: MeshCase) -> tuple[float, ...]:
    corners = case.points[case.wall.point_ids]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    return tuple((0.5 * (low + high)).tolist())
