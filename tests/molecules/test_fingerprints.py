import numpy as np
import pytest

from graphformers.errors import DataError, ShapeError
from graphformers.molecules.bundled import TARGET_COLUMNS, bundled_table
from graphformers.molecules.fingerprints import (
    BITS,
    FOREST_ROWS,
    BaselineKind,
    FingerprintBaseline,
    baseline_kinds,
    morgan_fingerprints,
)
from graphformers.molecules.splits import scaffold_split
from graphformers.molecules.table import read_table
from graphformers.tasks.metrics import evaluate, score
from graphformers.tasks.targets import Task

NAN = float("nan")
KINDS: list[BaselineKind] = ["mean", "linear", "forest"]
ON_FINGERPRINTS: list[BaselineKind] = ["linear", "forest"]
CHAINS = ["C" * size for size in range(1, 13)]
ALCOHOLS = [f"{chain}O" for chain in CHAINS]


def test_fingerprints_count_substructures() -> None:
    methane, ethane, mirrored = morgan_fingerprints(["C", "CC", "CC"])
    assert methane.shape == (BITS,)
    assert methane.sum() == 1
    assert ethane.max() == 2
    assert np.array_equal(ethane, mirrored)


def test_a_fingerprint_of_no_molecule_is_refused() -> None:
    with pytest.raises(DataError, match="not a valid SMILES"):
        morgan_fingerprints(["xyz"])


def test_the_mean_is_that_of_the_measured_training_rows() -> None:
    baseline = FingerprintBaseline("mean", Task.REGRESSION).fit(
        CHAINS[:3], np.array([[1.0], [NAN], [4.0]])
    )
    assert baseline.predict(["CCO", "C"]).tolist() == [[2.5], [2.5]]


def test_the_mean_of_labels_is_the_share_of_ones() -> None:
    labels = np.array([[0.0], [1.0], [1.0], [1.0]])
    baseline = FingerprintBaseline("mean", Task.CLASSIFICATION).fit(CHAINS[:4], labels)
    assert baseline.predict(["CCO"]).tolist() == [[0.75]]


@pytest.mark.parametrize("kind", ON_FINGERPRINTS)
def test_fingerprints_tell_alcohols_from_alkanes(kind: BaselineKind) -> None:
    labels = np.array([[0.0]] * 10 + [[1.0]] * 10)
    baseline = FingerprintBaseline(kind, Task.CLASSIFICATION).fit(
        CHAINS[:10] + ALCOHOLS[:10], labels
    )
    unseen = np.array([[0.0], [0.0], [1.0], [1.0]])
    predicted = baseline.predict(CHAINS[10:] + ALCOHOLS[10:])
    assert score(unseen, predicted, Task.CLASSIFICATION) == 1.0
    assert ((predicted >= 0) & (predicted <= 1)).all()


@pytest.mark.parametrize("kind", ON_FINGERPRINTS)
def test_a_target_is_learnt_from_its_measured_rows_alone(kind: BaselineKind) -> None:
    smiles = CHAINS + ALCOHOLS
    target = np.array([len(one) for one in smiles], dtype=float)
    mask = np.arange(len(smiles)) % 3 == 0
    gaps = np.where(mask, NAN, target)
    together = FingerprintBaseline(kind, Task.REGRESSION).fit(
        smiles, np.stack([target, gaps], axis=1)
    )
    kept = [one for one, missing in zip(smiles, mask, strict=True) if not missing]
    alone = FingerprintBaseline(kind, Task.REGRESSION).fit(kept, target[~mask][:, None])
    assert np.array_equal(together.predict(smiles)[:, 1], alone.predict(smiles)[:, 0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task", list(Task))
def test_targets_without_variety_or_values_are_predicted_as_constants(
    kind: BaselineKind, task: Task
) -> None:
    targets = np.array([[1.0, NAN], [1.0, NAN], [NAN, NAN]])
    predicted = FingerprintBaseline(kind, task).fit(CHAINS[:3], targets).predict(CHAINS[:5])
    assert predicted.tolist() == [[1.0, 0.0]] * 5


def test_the_seed_decides_the_forest() -> None:
    target = np.array([[len(one) % 5] for one in CHAINS], dtype=float)
    first, second, other = (
        FingerprintBaseline("forest", Task.REGRESSION, seed=seed)
        .fit(CHAINS, target)
        .predict(CHAINS)
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_on_esol_fingerprints_beat_the_mean() -> None:
    table = read_table(bundled_table("esol"), target_columns=[TARGET_COLUMNS["esol"]])
    split = scaffold_split(table.smiles)
    errors = {}
    for kind in ("mean", "linear"):
        baseline = FingerprintBaseline(kind, Task.REGRESSION)
        baseline.fit([table.smiles[row] for row in split.train], table.targets[split.train])
        predicted = baseline.predict([table.smiles[row] for row in split.test])
        evaluation = evaluate(table.targets[split.test], predicted, Task.REGRESSION, ["logS"])
        errors[kind] = evaluation.mean["rmse"]
    assert errors["linear"] < 0.6 * errors["mean"]


def test_large_tables_go_without_the_forest() -> None:
    assert baseline_kinds(FOREST_ROWS) == ("mean", "linear", "forest")
    assert baseline_kinds(FOREST_ROWS + 1) == ("mean", "linear")


def test_names_say_what_a_baseline_is() -> None:
    names = {FingerprintBaseline(kind, task).name for kind in KINDS for task in Task}
    assert len(names) == 4


def test_targets_of_another_length_are_refused() -> None:
    with pytest.raises(ShapeError, match="2 molecules and 3 rows"):
        FingerprintBaseline("mean", Task.REGRESSION).fit(["C", "CC"], np.zeros((3, 1)))
