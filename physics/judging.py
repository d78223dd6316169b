"""A surrogate's errors on cases it has not seen, beside those of predictors that learn nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from graphformers.physics.baselines import Fields
from graphformers.physics.forces import FreeStream, force_coefficients
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.metrics import field_errors, mean_errors, number_errors
from graphformers.training.report import Cell

Predict = Callable[[MeshCase], Fields]
PRESSURE, ANGLE, LIFT = "p", "angle_of_attack_deg", "lift_coefficient"


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
    fields, lifts = [], []
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
    found = mean_errors(fields)
    if all(lift is not None for lift in lifts):
        predicted_lift, true_lift = np.array(lifts, dtype=np.float64).T
        errors = number_errors(predicted_lift, true_lift)
        found |= {f"lift/{name}": value for name, value in errors.items()}
    return found


def lift_of_prediction(case: MeshCase, predicted: Fields) -> tuple[float, float] | None:
    """Lift coefficient from the predicted wall pressure, and the solver's (else of its pressure).

    ``None`` where there is none: in 3-D, without pressure, angle of attack or wall.
    """
    has_stream = case.space == 2 and ANGLE in case.parameters and case.wall.facets.size
    if not has_stream or predicted.get(PRESSURE, np.zeros((0, 0))).shape[1] != 1:
        return None
    solver = case.results.get(LIFT)
    if solver is None:
        solver = lift_coefficient(case, case.fields[PRESSURE][:, 0])
    return lift_coefficient(case, predicted[PRESSURE][:, 0]), solver


def lift_coefficient(case: MeshCase, pressure: Float[np.ndarray, " points"]) -> float:
    """Lift coefficient of a section, its extent taken for the chord.

    Without a ``speed`` or ``density`` among the parameters these are one, as in a computation in
    units of the free stream.
    """
    stream = FreeStream(
        angle_of_attack_deg=case.parameters[ANGLE],
        speed=case.parameters.get("speed", 1.0),
        density=case.parameters.get("density", 1.0),
        chord=case.wall.extent,
    )
    return force_coefficients(case.wall, pressure, stream).lift
