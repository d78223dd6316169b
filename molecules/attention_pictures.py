"""Pictures of what the heads of a model look at in a molecule, as PNG bytes."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread
from numpy.typing import NDArray
from rdkit.Chem.Draw import rdMolDraw2D

from graphformers.errors import ShapeError
from graphformers.molecules.drawing import PICTURE_SIZE, drawable_molecule
from graphformers.molecules.molecule_graph import parse_smiles
from graphformers.tasks.agreement_pictures import png_of

LINE_COLOUR = (0.33, 0.15, 0.53)
WIDEST_LINE = 9.0  # pixels, of the strongest pair
MOST_LINES = 12
LARGEST_MATRIX = 60  # atoms; ticks of more would not be legible

Attention = NDArray[np.floating]  # (atoms, atoms), a row for every atom that looks


def draw_attention_png(
    smiles: str,
    attention: Attention,
    *,
    lines: int = MOST_LINES,
    size: tuple[int, int] = PICTURE_SIZE,
) -> bytes:
    """The molecule over lines between the pairs of atoms that attend to each other most.

    Both directions of a pair add up; width and opacity are proportional to that, relative to the
    strongest pair. What an atom keeps for itself is not shown.
    """
    molecule = drawable_molecule(smiles)
    _check(attention, molecule.GetNumAtoms(), smiles)
    canvas = rdMolDraw2D.MolDraw2DCairo(*size)
    canvas.drawOptions().useBWAtomPalette()
    rdMolDraw2D.PrepareAndDrawMolecule(canvas, molecule)  # to learn where the atoms will be
    canvas.ClearDrawing()
    canvas.drawOptions().clearBackground = False
    for first, second, share in strongest_pairs(attention, lines):
        canvas.SetColour((*LINE_COLOUR, 0.15 + 0.6 * share))
        canvas.SetLineWidth(max(WIDEST_LINE * share, 0.5))
        ends = (canvas.GetDrawCoords(first), canvas.GetDrawCoords(second))
        canvas.DrawLine(*ends, rawCoords=True)
    canvas.SetLineWidth(2)
    rdMolDraw2D.PrepareAndDrawMolecule(canvas, molecule)
    canvas.FinishDrawing()
    return canvas.GetDrawingText()


def strongest_pairs(attention: Attention, count: int) -> list[tuple[int, int, float]]:
    """Pairs of atoms by attention in both directions together, relative to the strongest pair.

    The weakest comes first, so that the strongest is drawn over the others.
    """
    both = np.triu(attention + attention.T, k=1)
    order = np.argsort(both, axis=None, kind="stable")[::-1][:count]
    first, second = np.unravel_index(order[::-1], both.shape)
    largest = both.max(initial=0.0) or 1.0
    return [
        (int(one), int(other), float(both[one, other] / largest))
        for one, other in zip(first, second, strict=True)
        if both[one, other] > 0
    ]


def attention_grid(
    smiles: str, attention: NDArray[np.floating], captions: Sequence[str], title: str = ""
) -> bytes:
    """A row for each head: the matrix of its weights beside the molecule with its strongest pairs.

    ``attention`` is ``(heads, atoms, atoms)``. The matrices share one scale.
    """
    heads = len(attention)
    if len(captions) != heads:
        raise ShapeError(f"need a caption for each of {heads} heads; got {len(captions)}")
    figure = Figure(figsize=(8.4, 2.8 * heads + 0.3), layout="constrained")
    panels = figure.subplots(heads, 2, squeeze=False)
    symbols = [atom.GetSymbol() for atom in parse_smiles(smiles).GetAtoms()]
    largest = float(attention.max(initial=0.0)) or 1.0
    shown = None
    for (left, right), weights, caption in zip(panels, attention, captions, strict=True):
        _check(weights, len(symbols), smiles)
        shown = left.imshow(weights, cmap="Purples", vmin=0.0, vmax=largest)
        _label(left, symbols)
        left.set_title(caption, fontsize=9)
        png = draw_attention_png(smiles, weights)
        right.imshow(imread(io.BytesIO(png), format="png"))
        right.set_axis_off()
    if shown is not None:
        figure.colorbar(shown, ax=panels, label="weight", shrink=0.8, aspect=30)
    if title:
        figure.suptitle(title, fontsize=10)
    return png_of(figure)


def _label(axes: Axes, symbols: Sequence[str]) -> None:
    axes.set(xlabel="atom looked at", ylabel="atom that looks")
    ticks = range(len(symbols)) if len(symbols) <= LARGEST_MATRIX else []
    names = [f"{symbol}{number}" for number, symbol in enumerate(symbols)] if ticks else []
    axes.set_xticks(ticks, names, rotation=90, fontsize=5)
    axes.set_yticks(ticks, names, fontsize=5)


def _check(attention: Attention, atoms: int, smiles: str) -> None:
    if attention.shape != (atoms, atoms):
        raise ShapeError(
            f"attention must be {(atoms, atoms)}, from every atom of {smiles} to every atom; "
            f"got {attention.shape}"
        )
