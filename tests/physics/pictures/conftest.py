import io
from collections.abc import Callable

import numpy as np
import pytest
import pyvista as pv
from matplotlib.image import imread


@pytest.fixture(autouse=True)
def without_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.fixture
def pixels() -> Callable[[bytes], np.ndarray]:
    """The colours of a PNG file, (height, width, 3) between 0 and 1."""

    def read(png: bytes) -> np.ndarray:
        return imread(io.BytesIO(png))[..., :3]

    return read


@pytest.fixture
def room() -> pv.UnstructuredGrid:
    """A room of 4 x 3 x 3 with a cube of side 1 in its middle, air blowing along x."""
    grid = pv.ImageData(dimensions=(13, 10, 10), spacing=(1 / 3,) * 3, origin=(-2, -1.5, -1.5))
    outside = np.abs(grid.cell_centers().points).max(axis=1) > 0.5
    mesh = grid.extract_cells(np.flatnonzero(outside))
    mesh.clear_data()
    mesh.point_data["p"] = mesh.points[:, 0].astype(np.float64)
    speed = 1 + 0.1 * mesh.points[:, 1].astype(np.float64)
    mesh.point_data["U"] = np.stack([speed, 0 * speed, 0 * speed], axis=1)
    mesh.field_data["units"] = ["p: m2/s2"]
    return mesh
