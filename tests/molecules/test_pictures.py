import io
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from graphformers.molecules import pictures
from graphformers.molecules.pictures import MOST_SCAFFOLDS, contribution_grid, error_by_scaffold
from graphformers.tasks import agreement_pictures
from graphformers.tasks.agreement_pictures import MOST_PANELS, parity_plot, roc_plot

NAN = float("nan")
TOLERANCE = 1e-12


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures behind the PNGs, in the order they were made."""
    made: list[Figure] = []

    class Recorded(Figure):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            made.append(self)

    for module in (pictures, agreement_pictures):
        monkeypatch.setattr(module, "Figure", Recorded)
    return made


def is_picture(png: bytes) -> bool:
    return imread(io.BytesIO(png), format="png").std() > 0


def test_parity_shows_every_known_pair(figures: list[Figure]) -> None:
    targets = np.array([[1.0], [2.0], [NAN], [4.0]])
    predictions = np.array([[1.5], [2.0], [3.0], [NAN]])
    assert is_picture(parity_plot(targets, predictions, ["y in $ (and %)"]))
    (axes,) = figures[0].axes
    assert axes.collections[0].get_offsets().tolist() == [[1.0, 1.5], [2.0, 2.0]]
    assert axes.get_xlim() == axes.get_ylim()


@pytest.mark.parametrize("draw", [parity_plot, roc_plot])
@pytest.mark.parametrize("values", [[], [NAN], [1.0], [1.0, 1.0]])
def test_little_data_still_gives_a_picture(draw, values: list[float]) -> None:
    column = np.array(values).reshape(-1, 1)
    assert is_picture(draw(column, column, ["y"]))


@pytest.mark.parametrize("draw", [parity_plot, roc_plot])
def test_every_target_has_a_panel_up_to_a_limit(draw, figures: list[Figure]) -> None:
    for count in (1, 5, MOST_PANELS + 3):
        values = np.random.default_rng(0).integers(0, 2, size=(9, count)).astype(float)
        draw(values, values, [f"target {number}" for number in range(count)])
    titles = [[axes.get_title() for axes in one.axes if axes.get_title()] for one in figures]
    assert [len(one) for one in titles] == [1, 5, MOST_PANELS]


def test_the_roc_curve_runs_from_corner_to_corner(figures: list[Figure]) -> None:
    labels = np.array([[0.0], [0.0], [1.0], [1.0]])
    roc_plot(labels, np.array([[0.1], [0.6], [0.4], [0.9]]), ["y"])
    curve = figures[0].axes[0].lines[0].get_xydata()
    assert curve[0].tolist() == [0, 0]
    assert curve[-1].tolist() == [1, 1]


def test_bars_are_mean_errors_of_the_commonest_scaffolds(figures: list[Figure]) -> None:
    scaffolds = ["", "", "c1ccccc1", "c1ccccc1", "c1ccccc1", "C1CC1"]
    errors = np.array([1.0, 3.0, 1.0, 2.0, NAN, 9.0])
    assert is_picture(error_by_scaffold(errors, scaffolds, "error"))
    (axes,) = figures[0].axes
    assert [bar.get_width() for bar in axes.patches] == [9.0, 1.5, 2.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1 ×", "2 ×", "2 ×"]
    assert axes.lines[0].get_xdata()[0] == pytest.approx(3.2, abs=TOLERANCE)


def test_of_equally_common_scaffolds_the_worst_are_shown(figures: list[Figure]) -> None:
    rings = [f"C1{'C' * size}C1" for size in range(1, MOST_SCAFFOLDS + 4)]
    error_by_scaffold(np.arange(len(rings), dtype=float), rings, "error")
    shown = [bar.get_width() for bar in figures[0].axes[0].patches]
    assert shown == list(range(len(rings) - MOST_SCAFFOLDS, len(rings)))


@pytest.mark.parametrize("scaffold", ["O=[n+]1[c-]cccn1", "C1" + "C" * 300 + "C1"])
def test_a_scaffold_that_cannot_be_drawn_is_written(scaffold: str) -> None:
    assert is_picture(error_by_scaffold(np.ones(1), [scaffold], "error"))


@pytest.mark.parametrize("errors", [[], [NAN]])
def test_no_error_at_all_still_gives_a_picture(errors: list[float]) -> None:
    assert is_picture(error_by_scaffold(np.array(errors), ["C1CC1"] * len(errors), "error"))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_grid_shows_every_molecule_under_its_caption(count: int, figures: list[Figure]) -> None:
    smiles = ["CCO"] * count
    captions = [f"number {number}" for number in range(count)]
    assert is_picture(contribution_grid(smiles, [np.ones(3)] * count, captions, "scale"))
    shown = [axes.get_title() for axes in figures[0].axes if axes.images]
    assert shown == captions


def test_the_scale_of_the_grid_is_symmetric(figures: list[Figure]) -> None:
    contribution_grid(["C", "CC"], [np.array([-3.0]), np.array([1.0, 2.0])], ["", ""], "scale")
    assert figures[0].axes[-1].get_ylim() == (-3.0, 3.0)


def test_no_picture_touches_the_global_state_of_pyplot() -> None:
    before = sys.modules.pop("matplotlib.pyplot", None)
    contribution_grid(["C"], [np.ones(1)], [""], "scale")
    parity_plot(np.ones((2, 1)), np.ones((2, 1)), ["y"])
    assert "matplotlib.pyplot" not in sys.modules
    if before is not None:
        sys.modules["matplotlib.pyplot"] = before
