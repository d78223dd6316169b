"""Training on series: fit, judge roll-outs beside standing still, and leave a report."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import repeat
from pathlib import Path

import numpy as np
from jaxtyping import Float
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.physics.baselines import Fields
from graphformers.physics.field_columns import fields_by_name
from graphformers.physics.metrics import relative_l2
from graphformers.physics.series_store import SeriesStore
from graphformers.physics.step_training import predicted_nodes
from graphformers.physics.stepper import Stepper, series_parts
from graphformers.training import Report, RunFolder
from graphformers.training.report import Cell

STANDING_STILL = "standing still"
RollOut = Callable[[SeriesStore, int], Iterator[Fields]]  # a series of a store


def train_on_series(
    stepper: Stepper,
    store: SeriesStore,
    folder: str | Path,
    *,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
    command: str = "",
) -> Path:
    """Train, roll out the test series (else those of validation), and return the report's path."""
    run = RunFolder(folder)
    stepper.fit(store, folder=run.path, resume=resume, callbacks=callbacks)
    stepper.save(run.path)
    part, series = _judged_part(stepper, store)
    rows = judge_rollouts(stepper, store, series, part=part)
    run.write_metrics(rows)
    run.write_history(stepper.history_.rows)
    report = Report(
        f"Fields {', '.join(stepper.fields_)} over time",
        f"{stepper.model}, judged on {len(series)} series by rolling out from the first state.",
    )
    report.table("Relative L2 error of a roll-out", rows)
    if command:
        report.code("Command", command)
    return run.write_report(report)


def judge_rollouts(
    stepper: Stepper, store: SeriesStore, series: Sequence[int], *, part: str
) -> list[dict[str, Cell]]:
    """A row for the stepper and one for standing still: means over series.

    Columns are ``<field>/first_step``, ``<field>/last_step`` and ``<field>/mean``, relative L2
    errors at the nodes whose state is predicted; everywhere else both are given the truth.
    """
    methods: dict[str, RollOut] = {
        stepper.model: lambda store, one: roll_out_series(
            stepper,
            store.first_graph(one),
            partial(store.state, one),
            last=len(store.index.times[one]) - 1,
        ),
        STANDING_STILL: _standing_still,
    }
    rows: list[dict[str, Cell]] = []
    for name, method in methods.items():
        errors = [_errors(method, store, one) for one in series]
        row: dict[str, Cell] = {"part": part, "series": len(series), "method": name}
        for field in store.index.field_components:
            curves = [one[field] for one in errors]
            row[f"{field}/first_step"] = float(np.mean([curve[0] for curve in curves]))
            row[f"{field}/last_step"] = float(np.mean([curve[-1] for curve in curves]))
            row[f"{field}/mean"] = float(np.mean([curve.mean() for curve in curves]))
        rows.append(row)
    return rows


def roll_out_series(
    stepper: Stepper,
    first: GraphBatch,
    truth: Callable[[int], Float[Tensor, "nodes components"]],
    *,
    last: int,
    steps: int | None = None,
) -> Iterator[Fields]:
    """The states after the first of a series, with the ``truth`` of a step where it is prescribed.

    Beyond the ``last`` step that is known, prescribed nodes keep their values there.
    """
    steps = last if steps is None else steps
    known = (truth(min(step, last)) for step in range(1, steps + 1))
    return stepper.rollout(first, steps=steps, prescribed=known)


def _judged_part(stepper: Stepper, store: SeriesStore) -> tuple[str, list[int]]:
    test = store.series_with_split("test")
    if test:
        return "test", test
    training = stepper.training
    parts = series_parts(store, stepper.config.validation_fraction, seed=training.seed)
    return "validation", parts.validation or parts.train


def _errors(
    method: RollOut, store: SeriesStore, series: int
) -> dict[str, Float[np.ndarray, " steps"]]:
    chosen = predicted_nodes(store.first_graph(series)).numpy()
    curves: dict[str, list[float]] = {name: [] for name in store.index.field_components}
    for step, predicted in enumerate(method(store, series), start=1):
        for name, truth in _by_name(store, store.state(series, step)).items():
            curves[name].append(relative_l2(predicted[name][chosen], truth[chosen]))
    return {name: np.asarray(values) for name, values in curves.items()}


def _standing_still(store: SeriesStore, series: int) -> Iterator[Fields]:
    first = _by_name(store, store.state(series, 0))
    return repeat(first, len(store.index.times[series]) - 1)


def _by_name(store: SeriesStore, state: Tensor) -> Fields:
    return fields_by_name(state.double().numpy(), store.index.field_components)
