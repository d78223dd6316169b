"""The pictures of a report on predicted properties, from what was measured and predicted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphformers.errors import ShapeError
from graphformers.molecules.drawing import MOST_ATOMS, Contributions
from graphformers.molecules.molecule_graph import parse_smiles
from graphformers.molecules.pictures import (
    contribution_grid,
    error_by_scaffold,
)
from graphformers.molecules.scaffolds import murcko_scaffolds
from graphformers.tasks.agreement_pictures import parity_plot, roc_plot
from graphformers.tasks.targets import TargetScaling, Task


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A PNG with the name of its file and the sentence under it."""

    name: str
    caption: str
    png: bytes


@dataclass(frozen=True, eq=False, kw_only=True)
class PredictedMolecules:
    """Molecules, usually of the test part, beside their predictions; every SMILES is valid."""

    smiles: Sequence[str]
    targets: NDArray[np.floating]  # (rows, tasks), NaN where nothing was measured
    predictions: NDArray[np.floating]  # (rows, tasks); of a classification, probabilities of 1
    names: Sequence[str]  # of the targets
    task: Task

    def __post_init__(self) -> None:
        expected = (len(self.smiles), len(self.names))
        if self.targets.shape != expected or self.predictions.shape != expected:
            raise ShapeError(
                f"targets and predictions must be {expected}; "
                f"got {self.targets.shape} and {self.predictions.shape}"
            )


def molecule_report_pictures(
    molecules: PredictedMolecules,
    contributions_of: Callable[[Sequence[str]], Sequence[Contributions]],
    *,
    num_drawn: int = 6,
) -> list[Picture]:
    """Parity plot or ROC curves, error by scaffold, and molecules coloured by atom contribution.

    ``contributions_of`` gives, for some of the SMILES, what each atom adds to the prediction of the
    first target ``(atoms,)``. It is asked about ``num_drawn`` molecules small enough to be drawn,
    from the lowest to the highest prediction.
    """
    pictures = [_agreement_picture(molecules), _scaffold_picture(molecules)]
    atoms = np.array([parse_smiles(one).GetNumAtoms() for one in molecules.smiles])
    drawable = np.where(atoms <= MOST_ATOMS, molecules.predictions[:, 0], np.nan)
    rows = representative_rows(drawable, num_drawn)
    if rows:
        contributions = contributions_of([molecules.smiles[row] for row in rows])
        pictures.append(_contribution_picture(molecules, rows, contributions))
    return pictures


def representative_rows(
    predictions: NDArray[np.floating],  # (rows,)
    count: int = 6,
) -> list[int]:
    """Rows spread evenly from the lowest to the highest prediction, NaN left out."""
    known = np.flatnonzero(~np.isnan(predictions))
    ordered = known[np.argsort(predictions[known], kind="stable")]
    places = np.linspace(0, len(ordered) - 1, min(count, len(ordered)))
    return ordered[places.round().astype(int)].tolist()


def _agreement_picture(molecules: PredictedMolecules) -> Picture:
    shown = (molecules.targets, molecules.predictions, molecules.names)
    if molecules.task is Task.REGRESSION:
        caption = "Predicted over measured values; on the line they are equal."
        return Picture(name="parity", caption=caption, png=parity_plot(*shown))
    caption = "ROC curves; on the line predictions are no better than chance."
    return Picture(name="roc", caption=caption, png=roc_plot(*shown))


def _scaffold_picture(molecules: PredictedMolecules) -> Picture:
    scaffolds = murcko_scaffolds(molecules.smiles)
    png = error_by_scaffold(_errors(molecules), scaffolds, _error_name(molecules))
    return Picture(
        name="error_by_scaffold",
        caption="Mean error by scaffold: the commonest, and of equally common ones the worst.",
        png=png,
    )


def _contribution_picture(
    molecules: PredictedMolecules, rows: Sequence[int], contributions: Sequence[Contributions]
) -> Picture:
    captions = [
        f"predicted {molecules.predictions[row, 0]:.2f}, measured {molecules.targets[row, 0]:.2f}"
        for row in rows
    ]
    subject = "logit" if molecules.task is Task.CLASSIFICATION else "prediction"
    png = contribution_grid(
        [molecules.smiles[row] for row in rows],
        contributions,
        captions,
        f"contribution to the {subject}",
    )
    return Picture(
        name="atom_contributions",
        caption=f"What each atom adds to the {subject} of {molecules.names[0]}: "
        f"orange lowers it, purple raises it.",
        png=png,
    )


def _errors(molecules: PredictedMolecules) -> NDArray[np.floating]:
    """Absolute error of every row ``(rows,)``; of several targets, their mean in deviations."""
    errors = np.abs(molecules.targets - molecules.predictions)
    if len(molecules.names) > 1 and molecules.task is Task.REGRESSION:
        errors = errors / TargetScaling.fit(molecules.targets).scale
    counts = (~np.isnan(errors)).sum(axis=1)
    no_error = np.full(len(errors), np.nan)
    return np.divide(np.nansum(errors, axis=1), counts, out=no_error, where=counts > 0)


def _error_name(molecules: PredictedMolecules) -> str:
    if molecules.task is Task.CLASSIFICATION:
        return "mean |label − probability|"
    if len(molecules.names) == 1:
        return f"mean |error| in {molecules.names[0]}"
    return "mean |error| in standard deviations of each target"
