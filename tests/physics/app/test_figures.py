import base64

import numpy as np
import pytest
import pyvista as pv

from graphformers.physics.app.figures import curve_address, error_rows, force_rows, shown_number
from graphformers.physics.app.session import SHOWN
from graphformers.physics.forces import ForceCoefficients
from graphformers.physics.metrics import FieldErrors


@pytest.mark.parametrize(
    ("value", "text"), [(1363000.0, "1,363,000"), (2.33, "2.33"), (0.000123456, "0.0001235")]
)
def test_numbers_have_four_digits(value, text) -> None:
    assert shown_number(value) == text


def test_errors_carry_their_unit() -> None:
    errors = FieldErrors(relative_l2=0.25, rms=1.5, mean=1.0, largest=4.0, wall_rms=2.0)
    values = [row["value"] for row in error_rows(errors, "m2/s2")]
    assert values == ["25.00%", "1.5 m²/s²", "2 m²/s²", "4 m²/s²"]
    assert error_rows(errors, "")[1]["value"] == "1.5"


def test_drag_without_friction_is_called_so() -> None:
    smooth = ForceCoefficients(lift=0.5, drag=0.02, moment=-0.05, friction_drag=0.0)
    rough = ForceCoefficients(lift=0.5, drag=0.02, moment=-0.05, friction_drag=0.01)
    assert force_rows(smooth)[1]["name"] == "pressure drag coefficient"
    assert force_rows(rough)[1] == {"name": "drag coefficient", "value": "0.0200"}
    assert force_rows(None) == []


def test_a_curve_is_a_picture_inside_an_address() -> None:
    cut = pv.PolyData(np.column_stack([np.zeros(5), np.arange(5.0), np.zeros(5)]))
    cut.point_data[SHOWN] = np.arange(5.0)
    head, _, picture = curve_address(cut, "y", "p").partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(picture).startswith(b"\x89PNG")
