"""A surrogate's errors on cases it has not seen, beside those of predictors that learn nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from graphformers.physics.baselines import Fields
from graphformers.physics.forces import ForceCoefficients, FreeStream, force_coefficients
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.metrics import field_errors, mean_errors, number_errors
from graphformers.training.report import Cell

Predict = Callable[[MeshCase], Fields]
PRESSURE, ANGLE, LIFT = "p", "angle_of_attack_deg", "lift_coefficient"
SHEAR = "wallShearStress"  # as OpenFOAM writes it, the friction of the body on the fluid


@dataclass(frozen=True, kw_only=True)
class Part:
    """Cases of one part of the split."""

    name: str
    cases: Sequence[MeshCase]


def judge(methods: Mapping[str, Predict], parts: Sequence[Part]) -> list[dict[str, Cell]]:
    """A row of mean errors for every method on every part that has cases.

    Columns are ``<field>/relative_l2`` (a share), ``<field>/rms``, ``<field>/largest`` and
    ``<field>/wall_rms`` (in the field's unit), each the mean over cases; for sections in a free
    stream also ``lift/rms`` and so on, the errors of the lift coefficient.
    """
    rows: list[dict[str, Cell]] = []
    for part in parts:
        for method, predict in methods.items():
            if part.cases:
                head: dict[str, Cell] = {
                    "part": part.name,
                    "cases": len(part.cases),
                    "method": method,
                }
                rows.append(head | errors_of(predict, part.cases))
    return rows


def errors_of(predict: Predict, cases: Sequence[MeshCase]) -> dict[str, float]:
    """Mean errors of one method; see ``judge``."""
    fields, lifts, drags = [], [], []
    for case in cases:
        predicted = predict(case)
        on_wall = np.zeros(case.num_points, dtype=bool)
        on_wall[case.wall.point_ids] = True
        fields.append(
            {
                name: field_errors(values, case.fields[name], on_wall)
                for name, values in predicted.items()
            }
        )
        lifts.append(lift_of_prediction(case, predicted))
        drags.append(drag_of_prediction(case, predicted))
    drag = "drag" if cases and SHEAR in fields[0] else "pressure_drag"
    return mean_errors(fields) | _number_errors("lift", lifts) | _number_errors(drag, drags)


def lift_of_prediction(case: MeshCase, predicted: Fields) -> tuple[float, float] | None:
    """Lift coefficient from the predicted wall pressure, and the solver's (else of its pressure).

    ``None`` where there is none: in 3-D, without pressure, angle of attack or wall.
    """
    if not has_forces(case, predicted):
        return None
    solver = case.results.get(LIFT)
    if solver is None:
        solver = lift_coefficient(case, case.fields[PRESSURE][:, 0])
    return lift_coefficient(case, predicted[PRESSURE][:, 0]), solver


def drag_of_prediction(case: MeshCase, predicted: Fields) -> tuple[float, float] | None:
    """Drag coefficient of the predicted fields and of the true ones; ``None`` as for the lift.

    Both are integrated alike and from the same fields: what a pressure leaves out of the solver's
    drag is no error of the prediction.
    """
    if not has_forces(case, predicted):
        return None
    truth = {name: case.fields[name] for name in predicted}
    return coefficients(case, predicted).drag, coefficients(case, truth).drag


def has_forces(case: MeshCase, fields: Fields) -> bool:
    """Whether the case is a section in a free stream and the fields hold its pressure."""
    has_stream = case.space == 2 and ANGLE in case.parameters and case.wall.facets.size > 0
    return has_stream and fields.get(PRESSURE, np.zeros((0, 0))).shape[1] == 1


def coefficients(case: MeshCase, fields: Fields) -> ForceCoefficients:
    """Coefficients of a section from its pressure and, where there is one, its wall shear.

    Its extent is taken for the chord, and moments are about the quarter chord of a leading edge at
    the origin. Without a ``speed`` or ``density`` among the parameters these are one, as in a
    computation in units of the free stream.
    """
    chord = case.wall.extent
    stream = FreeStream(
        angle_of_attack_deg=case.parameters[ANGLE],
        speed=case.parameters.get("speed", 1.0),
        density=case.parameters.get("density", 1.0),
        chord=chord,
        moment_center=(0.25 * chord, 0.0),
    )
    shear = -fields[SHEAR] if SHEAR in fields else None
    return force_coefficients(case.wall, fields[PRESSURE][:, 0], stream, shear)


def lift_coefficient(case: MeshCase, pressure: Float[np.ndarray, " points"]) -> float:
    """Lift coefficient of a section from its pressure alone; see ``coefficients``."""
    return coefficients(case, {PRESSURE: pressure[:, None]}).lift


def _number_errors(name: str, pairs: Sequence[tuple[float, float] | None]) -> dict[str, float]:
    """Errors of predicted and true numbers; none when a case has no such number."""
    numbers = [pair for pair in pairs if pair is not None]
    if not numbers or len(numbers) < len(pairs):
        return {}
    predicted, true = np.array(numbers, dtype=np.float64).T
    return {f"{name}/{key}": value for key, value in number_errors(predicted, true).items()}
