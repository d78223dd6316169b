"""The page as a person sees it, in a headless Chromium."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import pyvista as pv
from matplotlib.image import imread

from graphformers.physics.bundled import bundled_airfoils

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("trame", reason='needs "graphformers[app]"')
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

pytestmark = pytest.mark.slow
ANGLE = "angle_of_attack_deg"
PATIENCE = 60_000  # milliseconds
TRIES = 300  # screenshots, a tenth of a second each or more
SINGLE_PRECISION = 1e-5
SERVE = "from graphformers.cli.main import main; main()"


@pytest.fixture
def address(run):
    """Where the page is served by the command a user would type."""
    meshes = [str(bundled_airfoils() / name) for name in ("0000.vtu", "0003.vtu")]
    command = [sys.executable, "-c", SERVE, "physics", "app", str(run), *meshes, "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    lines: list[str] = []
    for line in server.stderr:
        lines.append(line)
        if line.startswith("page: "):
            break
    else:
        pytest.fail("".join(lines))
    yield line.removeprefix("page: ").strip()
    server.terminate()
    server.wait()


@pytest.fixture
def page(address):
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        yield page
        browser.close()


def picture(page) -> np.ndarray:
    """What is drawn beside the controls."""
    return imread(io.BytesIO(page.locator("#picture").screenshot()))[..., :3]


def changed(page, before: np.ndarray, act: Callable[[], None]) -> np.ndarray:
    """The picture once it is another than before the act, and stays."""
    act()
    last = before
    for _ in range(TRIES):
        now = picture(page)
        if not np.array_equal(now, before) and np.array_equal(now, last):
            return now
        last = now
    pytest.fail("the picture did not change")


def test_a_person_turns_the_angle_looks_and_takes_the_file(page, surrogate, tmp_path) -> None:
    page.wait_for_selector("#forces")
    first = changed(page, np.ones_like(picture(page)), lambda: None)

    shown = page.locator("#forces").inner_text()
    slider = page.locator(".v-slider-thumb").first
    turned = changed(page, first, lambda: [slider.focus(), page.keyboard.press("End")])
    page.wait_for_function(
        "before => document.querySelector('#forces').innerText != before", arg=shown
    )
    page.wait_for_selector("#turned")

    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "taken.vtu")
    taken = pv.read(tmp_path / "taken.vtu")
    angle = float(taken.field_data[ANGLE][0])
    assert angle > 2.33
    expected = surrogate.predict(bundled_airfoils() / "0000.vtu", {ANGLE: angle})
    np.testing.assert_allclose(
        taken.point_data["p"], expected.point_data["p"], rtol=SINGLE_PRECISION, atol=1e-6
    )

    error = changed(page, turned, lambda: page.click("#error"))
    changed(page, error, lambda: page.locator("#cut").check())
    page.wait_for_selector("#curve")

    page.set_input_files("#upload", bundled_airfoils() / "0003.vtu")
    page.wait_for_function("document.body.innerText.includes('-1.41')")
    page.set_input_files("#upload", {"name": "b.vtu", "mimeType": "text/xml", "buffer": b"<"})
    page.wait_for_selector("text=b.vtu: cannot be read")
