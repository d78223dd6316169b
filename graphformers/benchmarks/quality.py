"""How well the graph models predict molecules after the same number of epochs each.

Every model has its ``"small"`` configuration, four layers of width 64, and the peak learning rate
it was published with. The weights kept are those of the best validation epoch; the test part is
looked at once, afterwards.
"""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphformers.errors import DataError
from graphformers.molecules import PropertyPredictor, read_table
from graphformers.molecules.architecture import training_for_molecules
from graphformers.tasks.metrics import evaluate
from graphformers.tasks.split import Split, column_split

SETS = ("zinc", "esol", "lipo", "bbbp", "bace")
MODELS = ("grit", "ppgt", "gps", "gt", "mpnn-vn")


@dataclass(frozen=True, kw_only=True)
class MoleculeSet:
    """Molecules with one target, a fixed split and the metric that is reported."""

    name: str
    smiles: Sequence[str]
    targets: NDArray[np.floating]  # (rows, 1)
    split: Split
    metric: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One training run: the metric on the test part."""

    set: str
    model: str
    seed: int
    epochs: int
    metric: str
    value: float
    minutes: float
    parameters: int

    @property
    def run(self) -> tuple[str, str, int, int]:
        """What tells it from other runs."""
        return self.set, self.model, self.seed, self.epochs


def molecule_set(name: str, folder: Path) -> MoleculeSet:
    """A set by name from a folder with ``zinc``, ``grover_finetune`` and ``scaffold_splits``.

    ZINC is split by its column; the others by the first scaffold split of
    ``scaffold_splits/<name>.npz``, row numbers ``train_0``, ``valid_0`` and ``test_0``.
    """
    if name not in SETS:
        raise DataError(f"no set {name!r}; known: {', '.join(SETS)}")
    if name == "zinc":
        table = read_table(folder / "zinc" / "zinc12k_rebuilt.csv.gz", target_columns=["y"])
        labels = [str(one).split("_")[0] for one in table.column("split")]
        split, metric = column_split(labels), "mae"
    else:
        column = "mol" if name == "bace" else None
        table = read_table(folder / "grover_finetune" / f"{name}.csv", smiles_column=column)
        with np.load(folder / "scaffold_splits" / f"{name}.npz", allow_pickle=False) as rows:
            parts = (rows[f"{part}_0"].astype(np.int64) for part in ("train", "valid", "test"))
            train, validation, test = parts
        split = Split(train=train, validation=validation, test=test)
        metric = "rmse" if name in ("esol", "lipo") else "roc_auc"
    smiles = [str(one) for one in table.smiles]
    return MoleculeSet(name=name, smiles=smiles, targets=table.targets, split=split, metric=metric)


def train_once(molecules: MoleculeSet, model: str, *, seed: int, epochs: int) -> Outcome:
    """Train one model and judge it on the test part."""
    training = replace(training_for_molecules(model), seed=seed, epochs=epochs)
    predictor = PropertyPredictor(model=model, training=training)
    started = time.monotonic()
    predictor.fit(molecules.smiles, molecules.targets, split=molecules.split)
    minutes = (time.monotonic() - started) / 60
    test = molecules.split.test
    predicted = predictor.predict_columns([molecules.smiles[int(row)] for row in test])
    found = evaluate(molecules.targets[test], predicted, predictor.task_, [molecules.name])
    value = found.mean[molecules.metric]
    return Outcome(
        set=molecules.name,
        model=model,
        seed=seed,
        epochs=epochs,
        metric=molecules.metric,
        value=float("nan") if value is None else value,
        minutes=minutes,
        parameters=sum(one.numel() for one in predictor.model_.parameters()),
    )


def all_runs(
    sets: Sequence[str],
    models: Sequence[str],
    seeds: Sequence[int],
    epochs: Mapping[str, int],
    folder: Path,
) -> Iterator[tuple[tuple[str, str, int, int], MoleculeSet]]:
    """What tells every run from others, and its molecules: seed by seed, so that a cut is fair."""
    for name in sets:
        molecules = molecule_set(name, folder)
        for seed in seeds:
            for model in models:
                yield (name, model, seed, epochs[name]), molecules


def summary(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """A row per set and model: mean, deviation over seeds, parameters, mean minutes."""
    groups: dict[tuple[str, str, int], list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault((one.set, one.model, one.epochs), []).append(one)
    return [
        {
            "set": name,
            "model": model,
            "metric": runs[0].metric,
            "mean": statistics.mean(one.value for one in runs),
            "deviation": statistics.pstdev(one.value for one in runs),
            "seeds": len(runs),
            "epochs": epochs,
            "parameters": runs[0].parameters,
            "minutes": statistics.mean(one.minutes for one in runs),
        }
        for (name, model, epochs), runs in groups.items()
    ]


def to_json(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """A document that ``from_json`` reads."""
    return {"runs": [asdict(one) for one in outcomes]}


def from_json(document: Mapping[str, object]) -> list[Outcome]:
    """The outcomes of an earlier call, which need not be made again."""
    runs = document.get("runs")
    if not isinstance(runs, list):
        raise DataError("expected a document of quality runs; it has no list 'runs'")
    return [Outcome(**one) for one in runs]
