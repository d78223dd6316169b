"""How well a surrogate finds the drag of the test cases from its pressure on the wall.

    python examples/bluff_bodies/drag.py runs/bodies cases

Beside it stands the drag of the most similar training case. Both are compared with the drag of the
solver's own pressure at the same points, so what friction and averaging to points leave out is no
error of theirs; how much that is, is printed too.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from graphformers.physics import MeshCase, Surrogate, read_cases
from graphformers.physics.baselines import Fields, NearestCase
from graphformers.physics.forces import FreeStream, force_coefficients
from graphformers.physics.mesh_store import MeshStore

PRESSURE = "p"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder written by train")
    parser.add_argument("cases", type=Path, help="folder written by generate.py")
    arguments = parser.parse_args()
    surrogate = Surrogate.load(arguments.run)
    cases = read_cases(arguments.cases, surrogate.read_options)
    test = [case for case in cases if case.split == "test"]
    true = drags(lambda case: case.fields, test)
    solver = np.array([case.results["drag_coefficient"] for case in test])
    print(f"{len(test)} test cases, drag {solver.min():.3f} to {solver.max():.3f}")
    print_errors("pressure alone, against the solver's drag", true, solver)
    print_errors(surrogate.model, drags(surrogate.predict_fields, test), true)
    store = MeshStore.import_cases(arguments.cases, surrogate.read_options)
    nearest = NearestCase(store, store.indices("train"))
    print_errors("nearest case", drags(nearest.predict, test), true)


def drags(predict: Callable[[MeshCase], Fields], cases: Sequence[MeshCase]) -> np.ndarray:
    """Coefficients of the pressure drag."""
    return np.array([pressure_drag(case, predict(case)) for case in cases])


def pressure_drag(case: MeshCase, fields: Fields) -> float:
    stream = FreeStream(angle_of_attack_deg=0.0, area=case.results["frontal_area"])
    return force_coefficients(case.wall, fields[PRESSURE][:, 0], stream).drag


def print_errors(name: str, found: np.ndarray, expected: np.ndarray) -> None:
    rms = np.sqrt(np.mean((found - expected) ** 2))
    correlation = np.corrcoef(found, expected)[0, 1]
    print(f"{name}: rms error {rms:.4f}, correlation {correlation:.3f}")


if __name__ == "__main__":
    main()
