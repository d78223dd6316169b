"""A surrogate's errors on cases it has not seen, beside those of predictors that learn nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphformers.physics.baselines import Fields
from graphformers.physics.external_flow import SHEAR, forces_of_prediction
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.metrics import field_errors, mean_errors, number_errors
from graphformers.training.report import Cell

Predict = Callable[[MeshCase], Fields]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Cases of one part of the split."""

    name: str
    cases: Sequence[MeshCase]


def judge(methods: Mapping[str, Predict], parts: Sequence[Part]) -> list[dict[str, Cell]]:
    """A row of mean errors for every method on every part that has cases.

    Columns are ``<field>/relative_l2`` (a share), ``<field>/rms``, ``<field>/largest`` and
    ``<field>/wall_rms`` (in the field's unit), each the mean over cases. Where all cases are
    external flows also ``lift/rms``, ``lift/correlation`` and so on of the lift coefficients over
    the cases, and of the drag (``pressure_drag`` without friction) and the moment; see
    ``forces_of_prediction``.
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
    fields, forces = [], []
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
        forces.append(forces_of_prediction(case, predicted))
    with_friction = any(SHEAR in predicted for predicted in fields)
    return mean_errors(fields) | _force_errors(forces, with_friction=with_friction)


def _force_errors(
    forces: Sequence[Mapping[str, tuple[float, float]]], *, with_friction: bool
) -> dict[str, float]:
    """Errors over the cases of every coefficient; none when a case has none."""
    if not forces or not all(forces):
        return {}
    errors: dict[str, float] = {}
    for name in forces[0]:
        predicted, true = np.array([pairs[name] for pairs in forces], dtype=np.float64).T
        shown = name if with_friction or name != "drag" else "pressure_drag"
        errors |= {f"{shown}/{key}": one for key, one in number_errors(predicted, true).items()}
    return errors
