import colorsys
import io
import re

import numpy as np
import pytest
from matplotlib.image import imread

from graphformers.errors import DataError, ShapeError
from graphformers.molecules.drawing import (
    MOST_ATOMS,
    contribution_colours,
    contribution_limit,
    draw_png,
    draw_svg,
)

WHITE = 0.96
ORANGE, PURPLE = (0.02, 0.15), (0.6, 0.8)  # hues


def fills(svg: str) -> set[str]:
    """Colours of the discs around the atoms."""
    return set(re.findall(r"<(?:ellipse|circle)[^>]*fill:(#[0-9A-F]{6})", svg))


def hue(colour: str) -> float:
    return colorsys.rgb_to_hsv(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))[0]


def test_a_png_has_the_size_asked_for() -> None:
    picture = imread(io.BytesIO(draw_png("CCO", np.zeros(3), size=(200, 150))), format="png")
    assert picture.shape[:2] == (150, 200)


def test_negative_atoms_are_orange_and_positive_ones_purple() -> None:
    (low,) = fills(draw_svg("CC", np.array([-1.0, -1.0])))
    (high,) = fills(draw_svg("CC", np.array([1.0, 1.0])))
    assert ORANGE[0] < hue(low) < ORANGE[1]
    assert PURPLE[0] < hue(high) < PURPLE[1]


def test_the_scale_is_white_in_the_middle_and_symmetric_in_lightness() -> None:
    colours = contribution_colours()
    assert min(colours(0.5)[:3]) > WHITE
    low, high = (np.mean(colours(end)[:3]) for end in (0.0, 1.0))
    assert max(low, high) < 0.7


def test_a_common_limit_makes_the_colours_of_two_drawings_comparable() -> None:
    half = draw_svg("CC", np.array([0.5, 0.5]), limit=1.0)
    assert fills(half) == fills(draw_svg("CCC", np.full(3, 5.0), limit=10.0))
    assert fills(half) != fills(draw_svg("CC", np.array([0.5, 0.5])))


def test_values_beyond_the_limit_get_its_colour() -> None:
    at_limit = draw_svg("CC", np.array([1.0, 1.0]), limit=1.0)
    assert fills(draw_svg("CC", np.array([7.0, 9.0]), limit=1.0)) == fills(at_limit)


def test_without_contributions_no_atom_is_coloured() -> None:
    assert not fills(draw_svg("CCO"))


@pytest.mark.parametrize("smiles", ["C", "[Na+].[Cl-]", "F[C@H](Cl)Br", "*CC"])
def test_odd_molecules_are_drawn(smiles: str) -> None:
    num_atoms = {"C": 1, "[Na+].[Cl-]": 2, "F[C@H](Cl)Br": 4, "*CC": 3}[smiles]
    assert draw_png(smiles, np.ones(num_atoms)).startswith(b"\x89PNG")


def test_contributions_of_another_molecule_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"must be \(3,\), one for every atom of CCO; got \(2,\)"):
        draw_png("CCO", np.zeros(2))


def test_a_molecule_too_large_to_read_is_refused() -> None:
    with pytest.raises(DataError, match=f"{MOST_ATOMS + 1} atoms"):
        draw_png("C" * (MOST_ATOMS + 1))


def test_the_limit_is_the_largest_absolute_contribution() -> None:
    assert contribution_limit([np.array([0.5, -2.0]), np.array([1.0])]) == 2.0
    assert contribution_limit([np.zeros(3)]) == contribution_limit([]) == 1.0
