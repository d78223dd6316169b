import io

import numpy as np
import pytest
from matplotlib.image import imread

from graphformers.errors import DataError, ShapeError
from graphformers.molecules import attention_pictures
from graphformers.molecules.attention_pictures import (
    attention_grid,
    draw_attention_png,
    strongest_pairs,
)
from graphformers.molecules.drawing import MOST_ATOMS, draw_png


def pixels(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png), format="png")[:, :, :3]


def purple(picture: np.ndarray) -> int:
    """Pixels of a colour that letters and bonds do not have."""
    return int((np.ptp(picture, axis=2) > 0.1).sum())


def test_pairs_add_both_directions_and_come_weakest_first() -> None:
    attention = np.array([[0.9, 0.1, 0.0], [0.3, 0.5, 0.2], [0.0, 0.0, 1.0]])
    assert strongest_pairs(attention, 5) == [(1, 2, 0.5), (0, 1, 1.0)]
    assert strongest_pairs(attention, 1) == [(0, 1, 1.0)]


def test_atoms_that_look_only_at_themselves_have_no_line() -> None:
    assert strongest_pairs(np.eye(3), 5) == []
    alone = pixels(draw_attention_png("CCO", np.eye(3)))
    assert purple(alone) == 0
    assert alone.std() > 0


def test_the_lines_join_the_atoms_and_leave_the_molecule_where_it_was() -> None:
    attention = np.zeros((3, 3))
    attention[0, 2] = 1.0
    drawn, bare = pixels(draw_attention_png("CCO", attention)), pixels(draw_png("CCO"))
    assert purple(drawn) > 100
    dark = bare.max(axis=2) < 0.2
    assert drawn[dark].max() < 0.5


def test_a_stronger_pair_has_a_wider_line() -> None:
    def ink(first: float) -> int:
        attention = np.zeros((4, 4))
        attention[0, 1], attention[2, 3] = first, 1.0
        return purple(pixels(draw_attention_png("CCCO", attention)))

    assert ink(0.1) < ink(0.5) < ink(1.0)


def test_a_grid_has_a_matrix_and_a_drawing_for_every_head(monkeypatch) -> None:
    made = []

    class Recorded(attention_pictures.Figure):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            made.append(self)

    monkeypatch.setattr(attention_pictures, "Figure", Recorded)
    attention = np.random.default_rng(0).random((3, 3, 3))
    png = attention_grid("CCO", attention, ["a", "b", "c"], "layer")
    assert imread(io.BytesIO(png), format="png").std() > 0
    matrices = [axes for axes in made[0].axes if axes.get_ylabel() == "atom that looks"]
    assert [axes.get_title() for axes in matrices] == ["a", "b", "c"]
    shown = np.stack([axes.images[0].get_array() for axes in matrices])
    np.testing.assert_array_equal(shown, attention)
    limits = {axes.images[0].get_clim() for axes in matrices}
    assert limits == {(0.0, attention.max())}
    assert [one.get_text() for one in matrices[0].get_xticklabels()] == ["C0", "C1", "O2"]


def test_weights_of_another_molecule_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"must be \(3, 3\).*CCO.*got \(2, 2\)"):
        draw_attention_png("CCO", np.eye(2))
    with pytest.raises(ShapeError, match="a caption for each of 2 heads; got 1"):
        attention_grid("CC", np.zeros((2, 2, 2)), ["a"])


def test_a_molecule_too_large_to_read_is_refused() -> None:
    atoms = MOST_ATOMS + 1
    with pytest.raises(DataError, match=f"{atoms} atoms"):
        draw_attention_png("C" * atoms, np.zeros((atoms, atoms)))


@pytest.mark.parametrize("smiles", ["C", "[Na+].[Cl-]"])
def test_odd_molecules_are_drawn(smiles: str) -> None:
    atoms = {"C": 1, "[Na+].[Cl-]": 2}[smiles]
    weights = np.full((1, atoms, atoms), 1 / atoms)
    assert attention_grid(smiles, weights, ["head 0"]).startswith(b"\x89PNG")
