"""Numbers and curves of a page as a person reads them."""

import base64

import numpy as np
import pyvista as pv

from graphformers.physics.app.session import SHOWN
from graphformers.physics.forces import ForceCoefficients
from graphformers.physics.metrics import FieldErrors
from graphformers.physics.pictures.captions import raised
from graphformers.physics.pictures.panels import hide_frame, new_figure, png_bytes


def shown_number(value: float) -> str:
    """Four digits, with commas where there are more before the point."""
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def error_rows(errors: FieldErrors, unit: str) -> list[dict[str, str]]:
    """Errors as rows of a table; ``unit`` may be empty."""
    after = f" {raised(unit)}" if unit else ""
    return [
        {"name": "relative L2 error", "value": f"{errors.relative_l2:.2%}"},
        {"name": "rms error", "value": shown_number(errors.rms) + after},
        {"name": "rms error at the wall", "value": shown_number(errors.wall_rms) + after},
        {"name": "largest error", "value": shown_number(errors.largest) + after},
    ]


def force_rows(forces: ForceCoefficients | None) -> list[dict[str, str]]:
    """Coefficients as rows of a table; none without forces."""
    if forces is None:
        return []
    drag = "drag coefficient" if forces.friction_drag else "pressure drag coefficient"
    return [
        {"name": "lift coefficient", "value": f"{forces.lift:.4f}"},
        {"name": drag, "value": f"{forces.drag:.4f}"},
        {"name": "moment coefficient, nose up", "value": f"{forces.moment:.4f}"},
    ]


def curve_address(cut: pv.PolyData, axis: str, label: str) -> str:
    """Values on a cut against one coordinate as a picture inside an address (``data:``)."""
    figure = new_figure(3.2, 2.4)
    axes = figure.add_subplot()
    place = np.asarray(cut.points)[:, "xyz".index(axis)]
    axes.plot(np.asarray(cut.point_data[SHOWN]), place, ".", color="0.25", markersize=3)
    axes.set_xlabel(label, fontsize=8)
    axes.set_ylabel(axis, fontsize=8)
    axes.tick_params(labelsize=7)
    hide_frame(axes)
    return "data:image/png;base64," + base64.b64encode(png_bytes(figure)).decode()
