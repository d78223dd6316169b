import numpy as np
import pytest

from graphformers.errors import ShapeError
from graphformers.molecules import report
from graphformers.molecules.molecule_graph import parse_smiles
from graphformers.molecules.report import (
    PredictedMolecules,
    molecule_report_pictures,
    representative_rows,
)
from graphformers.tasks.targets import Task

NAN = float("nan")
SMILES = ["CCO", "c1ccccc1", "C1CC1C", "CCN", "c1ccccc1O"]


def predicted(task: Task, num_targets: int = 1, smiles: list[str] | None = None):
    smiles = SMILES if smiles is None else smiles
    random = np.random.default_rng(0)
    shape = (len(smiles), num_targets)
    targets = random.integers(0, 2, size=shape).astype(float)
    targets[:1] = NAN
    return PredictedMolecules(
        smiles=smiles,
        targets=targets,
        predictions=random.random(shape),
        names=[f"target {number}" for number in range(num_targets)],
        task=task,
    )


def ones(smiles) -> list[np.ndarray]:
    return [np.ones(parse_smiles(one).GetNumAtoms()) for one in smiles]


@pytest.mark.parametrize(
    ("task", "agreement"), [(Task.REGRESSION, "parity"), (Task.CLASSIFICATION, "roc")]
)
@pytest.mark.parametrize("num_targets", [1, 3])
def test_a_report_has_three_pictures_with_captions(
    task: Task, agreement: str, num_targets: int
) -> None:
    pictures = molecule_report_pictures(predicted(task, num_targets), ones)
    assert [one.name for one in pictures] == [agreement, "error_by_scaffold", "atom_contributions"]
    assert all(one.png.startswith(b"\x89PNG") for one in pictures)
    assert len({one.caption for one in pictures}) == 3


def test_contributions_are_asked_for_the_drawn_molecules_only() -> None:
    molecules = predicted(Task.REGRESSION)
    asked: list[str] = []

    def contributions_of(smiles):
        asked.extend(smiles)
        return ones(smiles)

    molecule_report_pictures(molecules, contributions_of, num_drawn=2)
    order = np.argsort(molecules.predictions[:, 0])
    assert asked == [SMILES[order[0]], SMILES[order[-1]]]


def test_molecules_too_large_to_draw_are_left_out_of_the_drawings() -> None:
    molecules = predicted(Task.REGRESSION, smiles=["C" * 300, "CCO", "C" * 400])
    asked: list[str] = []

    def contributions_of(smiles):
        asked.extend(smiles)
        return ones(smiles)

    assert len(molecule_report_pictures(molecules, contributions_of)) == 3
    assert asked == ["CCO"]
    only_large = predicted(Task.REGRESSION, smiles=["C" * 300] * 2)
    assert len(molecule_report_pictures(only_large, contributions_of)) == 2


def test_errors_of_several_targets_are_compared_in_their_deviations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[np.ndarray] = []

    def recorded(errors, scaffolds, axis) -> bytes:
        seen.append(errors)
        return b""

    monkeypatch.setattr(report, "error_by_scaffold", recorded)
    targets = np.array([[0.0, 0.0], [2.0, 200.0], [NAN, 100.0], [NAN, NAN]])
    molecules = PredictedMolecules(
        smiles=SMILES[:4],
        targets=targets,
        predictions=np.nan_to_num(targets) + np.array([1.0, 0.0]),
        names=["small", "large"],
        task=Task.REGRESSION,
    )
    molecule_report_pictures(molecules, ones)
    assert np.allclose(seen[0], [0.5, 0.5, 0.0, NAN], equal_nan=True)


def test_representative_rows_run_from_the_lowest_to_the_highest() -> None:
    predictions = np.array([5.0, NAN, 1.0, 3.0, 2.0, 4.0])
    assert representative_rows(predictions, 3) == [2, 3, 0]
    assert representative_rows(predictions, 99) == [2, 4, 3, 5, 0]
    assert representative_rows(np.array([NAN])) == []


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"must be \(1, 2\); got \(1, 1\) and \(1, 2\)"):
        PredictedMolecules(
            smiles=["C"],
            targets=np.zeros((1, 1)),
            predictions=np.zeros((1, 2)),
            names=["a", "b"],
            task=Task.REGRESSION,
        )
