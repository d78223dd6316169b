"""The page without a browser: its state is changed and its picture looked at."""

import asyncio
import threading
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("trame", reason='needs "graphformers[app]"')

from graphformers.physics.app import Session
from graphformers.physics.app.page import Page
from graphformers.physics.bundled import bundled_airfoils

ANGLE = "angle_of_attack_deg"


@pytest.fixture
def page(surrogate, request):
    airfoils = {name: bundled_airfoils() / f"{name}.vtu" for name in ("0000", "0003")}
    page = Page(Session(surrogate), airfoils, name=request.node.name)
    yield page
    page.close()


def after(page: Page, **choices: object) -> np.ndarray:
    """The picture once these choices are made, as a running page would make them."""

    async def choose() -> None:
        page.state.ready()
        page.state.update(choices)
        page.state.flush()
        await page.settled()

    asyncio.run(choose())
    return page.scene.pixels()


def test_the_page_follows_the_mesh_and_its_parameters(page) -> None:
    assert not page.state.is_open
    first = after(page, mesh="0000")
    assert page.state.is_open
    assert page.state[f"value_{ANGLE}"] == "2.33"
    second = after(page, mesh="0003")
    assert page.state[f"value_{ANGLE}"] == "-1.41"
    assert not np.array_equal(first, second)


def test_turning_a_slider_changes_picture_and_numbers(page) -> None:
    before, forces = after(page, mesh="0000"), page.state.forces
    turned = after(page, **{f"position_{ANGLE}": 0.9})
    assert not np.array_equal(before, turned)
    assert page.state.forces != forces
    slider = page.session.sliders[ANGLE]
    assert page.session.parameters[ANGLE] == slider.value(0.9)
    assert page.session.parameters["reynolds"] == 1363000.0
    assert page.state.is_turned


def test_fields_and_quantities_can_be_chosen(page) -> None:
    pictures = [
        after(page, mesh="0000"),
        after(page, quantity="truth"),
        after(page, quantity="error"),
        after(page, field="U"),
    ]
    for first, second in pairwise(pictures):
        assert not np.array_equal(first, second)
    assert page.state.errors[1]["value"].endswith("m/s")


def test_a_cut_is_drawn_and_plotted(page) -> None:
    plain = after(page, mesh="0000")
    assert not page.state.curve
    cut = after(page, cut_shown=True)
    assert page.state.curve.startswith("data:image/png")
    assert not np.array_equal(plain, cut)
    assert not np.array_equal(cut, after(page, cut_position=0.7))
    assert np.array_equal(plain, after(page, cut_shown=False))


def test_an_uploaded_mesh_takes_the_place_of_the_one_before(page) -> None:
    after(page, mesh="0000")
    content = (bundled_airfoils() / "0003.vtu").read_bytes()
    after(page, upload={"name": "mine.vtu", "content": content})
    assert page.session.case.name == "mine"
    assert not page.state.problem


def test_a_file_that_cannot_be_used_is_named_and_the_mesh_stays(page) -> None:
    before = after(page, mesh="0000")
    picture = after(page, upload={"name": "mine.vtu", "content": b"nothing"})
    assert page.state.problem.startswith("mine.vtu: cannot be read")
    assert np.array_equal(before, picture)
    after(page, field="U")
    assert not page.state.problem


def test_of_several_changes_the_last_one_counts(page, monkeypatch) -> None:
    after(page, mesh="0000")
    asked: list[float] = []
    predict, dragged = page.session.predict, threading.Event()

    def slow():
        asked.append(page.session.parameters[ANGLE])
        dragged.wait()
        return predict()

    async def drag() -> None:
        for position in (0.1, 0.3, 0.5, 0.7, 0.9):
            page.state[f"position_{ANGLE}"] = position
            page.state.flush()
            await asyncio.sleep(0)
        dragged.set()
        await page.settled()

    monkeypatch.setattr(page.session, "predict", slow)
    asyncio.run(drag())
    slider = page.session.sliders[ANGLE]
    assert [*dict.fromkeys(asked)] == [slider.value(0.1), slider.value(0.9)]
