"""How well operators on grids predict after the same time of training, and at twice the resolution.

Time is that of the processor, with one thread, so that whatever else a machine does takes nothing
from a model. A tenth of the training samples, on which no model trains, is there to choose settings
on; how the present ones were chosen stands in ``docs/benchmarks.md``.
"""

import itertools
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.benchmarks.fourier_operator import FourierNeuralOperator
from graphformers.benchmarks.neuraloperator_fno import NeuralOperatorFNO
from graphformers.benchmarks.peer_package import NEURALOPERATOR, PeerPackage
from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
from graphformers.physics import (
    FourierAttentionNeuralOperator,
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
)
from graphformers.physics.grids import GridData, read_grids
from graphformers.physics.losses import RelativeL2

VALIDATION_SHARE = 0.1
BATCH = 16
WEIGHT_DECAY = 1e-4
WARMUP = 0.05  # share of the time
JUDGED_AT_ONCE = 25


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Samples to train on, to choose settings on, and to judge on, by name of the test."""

    name: str
    train: GridData
    validation: GridData
    tests: Mapping[str, GridData]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """A model, the learning rate that suits it, and the share of its time on coarser grids.

    There it sees every second point along every axis, from the first or the second on. ``package``
    is the one that a model of others needs.
    """

    build: Callable[[], nn.Module]
    learning_rate: float
    coarse_share: float = 0.0
    package: PeerPackage | None = None


@dataclass(frozen=True, kw_only=True)
class OperatorOutcome:
    """One training run: mean relative L2 error on the validation part and on every test."""

    problem: str
    model: str
    seed: int
    seconds: float
    epochs: int
    parameters: int
    errors: Mapping[str, float]

    @property
    def run(self) -> tuple[str, str, int, float]:
        """What tells it from other runs."""
        return self.problem, self.model, self.seed, self.seconds


@final
class Scaled(nn.Module):
    """A model that sees inputs and gives outputs of mean 0 and deviation 1, in units outside."""

    def __init__(self, model: nn.Module, data: GridData):
        super().__init__()
        self.model = model
        self.input_mean, self.input_std = data.inputs.mean(), data.inputs.std()
        self.output_mean, self.output_std = data.outputs.mean(), data.outputs.std()

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes 1"]:
        """The field in the units of the data."""
        scaled = GraphBatch(
            x=(batch.x - self.input_mean) / self.input_std,
            edge_index=batch.edge_index,
            ptr=batch.ptr,
            positions=batch.positions,
        )
        return self.model(scaled) * self.output_std + self.output_mean


def fourier_attention() -> nn.Module:
    """Patches of a quarter of the side."""
    return FourierAttentionNeuralOperator(
        FourierAttentionNeuralOperatorConfig(
            dim=32, heads=4, layers=3, feed_forward=32, patches=(4, 4), modes=(2, 2)
        )
    )


def transformer(space: int) -> nn.Module:
    """Attention between all points."""
    return TransformerNeuralOperator(
        TransformerNeuralOperatorConfig(
            space=space, dim=32, heads=2, layers=4, feed_forward=64, layout="padded"
        )
    )


PLANE_FNO = partial(FourierNeuralOperator, space=2, width=24, modes=5)

OPERATORS: Mapping[str, Mapping[str, Operator]] = {
    "darcy": {
        "fno": Operator(build=PLANE_FNO, learning_rate=2e-3),
        "neuraloperator fno": Operator(
            build=partial(NeuralOperatorFNO, space=2, width=24, modes=5),
            learning_rate=8e-3,
            package=NEURALOPERATOR,
        ),
        "fno, coarse first": Operator(
            build=PLANE_FNO,
            learning_rate=2e-3,
            coarse_share=0.6,
        ),
        "tno, coarse first": Operator(
            build=partial(transformer, 2), learning_rate=4e-3, coarse_share=0.6
        ),
        "fano": Operator(build=fourier_attention, learning_rate=6e-3),
    },
    "burgers": {
        "fno": Operator(
            build=partial(FourierNeuralOperator, space=1, width=32, modes=8), learning_rate=2e-3
        ),
        "neuraloperator fno": Operator(
            build=partial(NeuralOperatorFNO, space=1, width=32, modes=8),
            learning_rate=4e-3,
            package=NEURALOPERATOR,
        ),
        "tno": Operator(build=partial(transformer, 1), learning_rate=4e-3),
    },
}
"""Every model of every problem."""


def problem(name: str, folder: Path) -> Problem:
    """Darcy flow at 16 and 32 points a side, or Burgers' equation from first to last time.

    The folder holds the neuraloperator package's files, ``darcy_train_16.pt`` and so on.
    """
    if name not in OPERATORS:
        raise DataError(f"no problem {name!r}; known: {', '.join(OPERATORS)}")
    sides = (16, 32) if name == "darcy" else (16,)
    data = _last_time(read_grids(folder / f"{name}_train_16.pt"))
    kept = round(len(data) * (1 - VALIDATION_SHARE))
    return Problem(
        name=name,
        train=data.select(slice(0, kept)),
        validation=data.select(slice(kept, None)),
        tests={
            f"test, {side} points": _last_time(read_grids(folder / f"{name}_test_{side}.pt"))
            for side in sides
        },
    )


def train_once(task: Problem, model: str, *, seed: int, seconds: float) -> OperatorOutcome:
    """Train one model for some seconds of the processor and judge it."""
    operator = OPERATORS[task.name][model]
    torch.manual_seed(seed)
    trained = Scaled(operator.build(), task.train)
    epochs = _train(trained, task.train, operator, seconds)
    parts = {"validation": task.validation, **task.tests}
    return OperatorOutcome(
        problem=task.name,
        model=model,
        seed=seed,
        seconds=seconds,
        epochs=epochs,
        parameters=sum(one.numel() * (1 + one.is_complex()) for one in trained.parameters()),
        errors={name: relative_error(trained, data) for name, data in parts.items()},
    )


@torch.no_grad()
def relative_error(model: nn.Module, data: GridData) -> float:
    """Mean over samples of the relative L2 error."""
    model.eval()
    total = 0.0
    for start in range(0, len(data), JUDGED_AT_ONCE):
        part = data.select(slice(start, start + JUDGED_AT_ONCE))
        batch = part.batch()
        total += len(part) * RelativeL2().loss(model(batch), batch).item()
    return total / len(data)


def _train(model: nn.Module, data: GridData, operator: Operator, seconds: float) -> int:
    """AdamW along a cosine over the time, relative L2; the number of epochs begun."""
    model.train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=operator.learning_rate, weight_decay=WEIGHT_DECAY
    )
    starts = itertools.product((0, 1), repeat=len(data.axes))
    coarse = [data.thinned(2, first).batch() for first in starts]
    fine = data.batch()
    epochs, start = 0, time.process_time()
    while True:
        epochs += 1
        for rows in torch.randperm(len(data)).split(BATCH):
            passed = (time.process_time() - start) / seconds
            if passed >= 1:
                return epochs
            for group in optimizer.param_groups:
                group["lr"] = operator.learning_rate * _share(passed)
            thin = passed < operator.coarse_share
            samples = coarse[int(torch.randint(len(coarse), ()))] if thin else fine
            batch = samples.select(rows)
            loss = RelativeL2().loss(model(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _share(passed: float) -> float:
    """Of the learning rate: a linear rise, then a cosine to zero."""
    if passed < WARMUP:
        return passed / WARMUP
    return 0.5 * (1 + math.cos(math.pi * (passed - WARMUP) / (1 - WARMUP)))


def _last_time(data: GridData) -> GridData:
    """The data with the last channel of its outputs alone."""
    return GridData(
        inputs=data.inputs,
        outputs=data.outputs[..., -1:],
        spacing=data.spacing,
        axes=data.axes,
        parameters=data.parameters,
    )


def summary(outcomes: Sequence[OperatorOutcome]) -> list[dict[str, object]]:
    """A row per problem and model: mean and deviation over seeds of every error."""
    groups: dict[tuple[str, str, float], list[OperatorOutcome]] = {}
    for one in outcomes:
        groups.setdefault((one.problem, one.model, one.seconds), []).append(one)
    rows: list[dict[str, object]] = []
    for (name, model, seconds), runs in groups.items():
        row: dict[str, object] = {"problem": name, "model": model, "seeds": len(runs)}
        row |= {"seconds": seconds, "parameters": runs[0].parameters}
        row["epochs"] = round(statistics.mean(one.epochs for one in runs))
        for error in runs[0].errors:
            values = [one.errors[error] for one in runs]
            row[error] = f"{statistics.mean(values):.4f} ± {statistics.pstdev(values):.4f}"
        rows.append(row)
    return rows


def to_json(outcomes: Sequence[OperatorOutcome]) -> dict[str, object]:
    """A document that ``from_json`` reads."""
    return {"runs": [asdict(one) for one in outcomes]}


def from_json(document: Mapping[str, object]) -> list[OperatorOutcome]:
    """The outcomes of an earlier call, which need not be made again."""
    runs = document.get("runs")
    if not isinstance(runs, list):
        raise DataError("expected a document of operator runs; it has no list 'runs'")
    return [OperatorOutcome(**one) for one in runs]
