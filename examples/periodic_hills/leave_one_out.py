"""Separated flow over periodic hills: every slope is predicted after training on the others.

    python examples/periodic_hills/leave_one_out.py FOLDER --models physgto transolver --epochs 100

The folder holds the direct simulations as NumPy files, ``case_0p5.npz`` and so on, whose mean
velocity ``UDNS`` is learned. Files of one slope are left out together. Nothing is chosen by the
slope that is left out: the epoch kept is the one that fits a training case best.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

from graphformers.physics import MeshCase, Surrogate, SurrogateConfig, read_cases
from graphformers.physics.baselines import NearestCase
from graphformers.physics.field_system import training_for_fields
from graphformers.physics.judging import Predict, errors_of
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.training_cases import opened_store

FIELD, SLOPE = "UDNS", "slope"
READ = ReadOptions(fields=(FIELD,), parameters=(SLOPE,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="the .npz files")
    parser.add_argument("--models", nargs="+", default=["physgto"])
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()
    cases = read_cases(arguments.folder, READ)
    for slope in sorted({case.parameters[SLOPE] for case in cases}):
        left_out = [case for case in cases if case.parameters[SLOPE] == slope]
        others = [replace(case, split="train") for case in cases if case not in left_out]
        judge_one = replace(others[0], name="judge of the epochs", split="val")
        with opened_store([*others, judge_one], READ) as store:
            nearest = NearestCase(store, store.indices("train"))
            report(slope, "nearest case", nearest.predict, left_out, 0.0)
            for model in arguments.models:
                started = time.process_time()
                surrogate = trained(model, store, arguments.epochs)
                seconds = time.process_time() - started
                report(slope, model, surrogate.predict_fields, left_out, seconds)


def trained(model: str, store: MeshStore, epochs: int) -> Surrogate:
    training = replace(training_for_fields(), epochs=epochs)
    surrogate = Surrogate(model, SurrogateConfig(training=training))
    return surrogate.fit(store, store.field_names)


def report(
    slope: float,
    name: str,
    predict: Predict,
    cases: Sequence[MeshCase],
    seconds: float,
) -> None:
    errors = errors_of(predict, cases)
    found = f"relative L2 {errors[f'{FIELD}/relative_l2']:.3f}"
    print(f"slope {slope}: {name:14} {found}, {seconds:.0f} s of processor time", flush=True)


if __name__ == "__main__":
    main()
