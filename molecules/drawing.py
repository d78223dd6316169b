"""Molecules drawn with every atom coloured by what it adds to a prediction."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, ListedColormap, Normalize
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from graphformers.errors import DataError, ShapeError
from graphformers.molecules.molecule_graph import parse_smiles

# Every kind of colour vision tells orange from purple. Their darkest shades would hide the letters.
SHADES = colormaps["PuOr"](np.linspace(0.18, 0.82, 255))
HIGHLIGHT_RADIUS = 0.42  # in bond lengths: neighbouring discs just do not touch
PICTURE_SIZE = (420, 320)
MOST_ATOMS = 200  # more are not legible, and their layout takes time that grows with the cube

Contributions = NDArray[np.floating]  # (atoms,)


def contribution_colours() -> Colormap:
    """The diverging scale: orange for negative, white for zero, purple for positive."""
    return ListedColormap(SHADES, name="contributions")


def contribution_limit(contributions: Sequence[Contributions]) -> float:
    """The largest absolute value: where a scale that several drawings share ends."""
    largest = max((float(np.abs(one).max(initial=0.0)) for one in contributions), default=0.0)
    return largest or 1.0


def draw_png(
    smiles: str,
    contributions: Contributions | None = None,
    *,
    limit: float | None = None,
    size: tuple[int, int] = PICTURE_SIZE,
) -> bytes:
    """A PNG of the molecule; ``limit`` is the contribution that gets the full colour.

    Without contributions the atoms stay uncoloured. ``DataError`` for more than 200 atoms.
    """
    canvas = rdMolDraw2D.MolDraw2DCairo(*size)
    _draw(canvas, smiles, contributions, limit)
    return canvas.GetDrawingText()


def draw_svg(
    smiles: str,
    contributions: Contributions | None = None,
    *,
    limit: float | None = None,
    size: tuple[int, int] = PICTURE_SIZE,
) -> str:
    """As ``draw_png``, as SVG."""
    canvas = rdMolDraw2D.MolDraw2DSVG(*size)
    _draw(canvas, smiles, contributions, limit)
    return canvas.GetDrawingText()


def drawable_molecule(smiles: str) -> Chem.Mol:
    """The molecule; ``DataError`` for a SMILES without one, or of more than 200 atoms."""
    molecule = parse_smiles(smiles)
    if molecule.GetNumAtoms() > MOST_ATOMS:
        raise DataError(f"a molecule of {molecule.GetNumAtoms()} atoms cannot be drawn legibly")
    return molecule


def _draw(
    canvas: rdMolDraw2D.MolDraw2D,
    smiles: str,
    contributions: Contributions | None,
    limit: float | None,
) -> None:
    molecule = drawable_molecule(smiles)
    colours: dict[int, tuple[float, float, float]] = {}
    if contributions is not None:
        expected = (molecule.GetNumAtoms(),)
        if contributions.shape != expected:
            raise ShapeError(
                f"contributions must be {expected}, one for every atom of {smiles}; "
                f"got {contributions.shape}"
            )
        colours = _atom_colours(contributions, limit or contribution_limit([contributions]))
    options = canvas.drawOptions()
    options.useBWAtomPalette()
    options.highlightRadius = HIGHLIGHT_RADIUS
    rdMolDraw2D.PrepareAndDrawMolecule(
        canvas,
        molecule,
        highlightAtoms=list(colours),
        highlightAtomColors=colours,
        highlightBonds=[],
    )
    canvas.FinishDrawing()


def _atom_colours(
    contributions: Contributions, limit: float
) -> dict[int, tuple[float, float, float]]:
    places = Normalize(-limit, limit, clip=True)(contributions)
    return {
        atom: (red, green, blue)
        for atom, (red, green, blue, _) in enumerate(contribution_colours()(places).tolist())
    }
