"""How well every model of fields predicts flows it has not seen, after the same time of training.

Time is that of the processor, with one thread, so that whatever else a machine does takes nothing
from a model. Every model has its ``"small"`` configuration and as many epochs as fit into the time,
along one cosine. The weights kept are those of the best validation epoch; the test part is looked
at once, afterwards.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from graphformers.benchmarks.peer_package import PHYSICSNEMO, PeerPackage
from graphformers.benchmarks.physicsnemo_transolver import PHYSICSNEMO_TRANSOLVER
from graphformers.errors import DataError
from graphformers.physics import Surrogate, SurrogateConfig
from graphformers.physics.baselines import MeanPredictor, NearestCase
from graphformers.physics.experiment import CaseFolder
from graphformers.physics.field_system import FieldSystem, training_for_fields
from graphformers.physics.judging import Predict, errors_of
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.training_cases import training_parts

BASELINES = ("nearest case", "mean")
SHOWN = ("p/relative_l2", "U/relative_l2", "p/wall_rms", "lift/rms", "lift/correlation")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A model of another package."""

    system: FieldSystem
    package: PeerPackage


PEERS: Mapping[str, Peer] = {
    PHYSICSNEMO_TRANSOLVER.name: Peer(system=PHYSICSNEMO_TRANSOLVER, package=PHYSICSNEMO)
}


@dataclass(frozen=True, kw_only=True)
class SurrogateOutcome:
    """One training run: errors on the test part."""

    model: str
    seed: int
    minutes: float  # asked for
    epochs: int
    parameters: int
    errors: Mapping[str, float]  # what has no value, such as a constant's correlation, is left out

    @property
    def run(self) -> tuple[str, int, float]:
        """What tells it from other runs."""
        return self.model, self.seed, self.minutes


def judged(
    store: MeshStore, test: Sequence[MeshCase], model: str, *, seed: int, minutes: float
) -> SurrogateOutcome:
    """Train one model, or make one baseline, and judge it on the test cases."""
    if model in BASELINES:
        return _outcome(model, seed, minutes, errors_of(_baseline(store, model), test))
    epochs = max(int(60 * minutes / _seconds_of_an_epoch(store, model)), 1)
    surrogate = _trained(store, model, seed=seed, epochs=epochs)
    found = _outcome(model, seed, minutes, errors_of(surrogate.predict_fields, test))
    parameters = sum(one.numel() for one in surrogate.model_.parameters())
    return replace(found, epochs=epochs, parameters=parameters)


def cases_to_judge(cases: CaseFolder, store: MeshStore) -> list[MeshCase]:
    """The cases that are judged; ``DataError`` when the split names none."""
    numbers = store.indices("test")
    if not numbers:
        raise DataError("no case belongs to the part 'test'; say so in cases.csv")
    return cases.read(store, numbers)


def to_json(outcomes: Sequence[SurrogateOutcome]) -> dict[str, object]:
    """A document that ``from_json`` reads."""
    return {"runs": [asdict(one) for one in outcomes]}


def from_json(document: Mapping[str, object]) -> list[SurrogateOutcome]:
    """The outcomes of an earlier call, which need not be made again."""
    runs = document.get("runs")
    if not isinstance(runs, list):
        raise DataError("expected a document of surrogate runs; it has no list 'runs'")
    return [SurrogateOutcome(**one) for one in runs]


def _trained(store: MeshStore, model: str, *, seed: int, epochs: int) -> Surrogate:
    training = replace(training_for_fields(), seed=seed, epochs=epochs)
    system = PEERS[model].system if model in PEERS else model
    surrogate = Surrogate(system, SurrogateConfig(training=training))
    return surrogate.fit(store, store.field_names)


def _seconds_of_an_epoch(store: MeshStore, model: str) -> float:
    """Processor time of one epoch, the second one: the first may compile kernels."""
    _trained(store, model, seed=0, epochs=1)
    started = time.process_time()
    _trained(store, model, seed=0, epochs=1)
    return time.process_time() - started


def _baseline(store: MeshStore, name: str) -> Predict:
    train, _ = training_parts(store, validation_fraction=0.1, seed=0)
    made = NearestCase(store, train) if name == "nearest case" else MeanPredictor(store, train)
    return made.predict


def _outcome(
    model: str, seed: int, minutes: float, errors: Mapping[str, float]
) -> SurrogateOutcome:
    known = {name: value for name, value in errors.items() if not math.isnan(value)}
    return SurrogateOutcome(
        model=model, seed=seed, minutes=minutes, epochs=0, parameters=0, errors=known
    )
