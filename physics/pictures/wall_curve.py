"""Curves along the wall of a 2-D case."""

import numpy as np
from jaxtyping import Float

from graphformers.errors import DataError
from graphformers.physics.forces import wall_loops
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures.captions import case_title, field_label
from graphformers.physics.pictures.panels import hide_frame, new_figure, png_bytes


def wall_picture(case: MeshCase, prediction: Float[np.ndarray, " points"], field: str) -> bytes:
    """PNG of a scalar along the wall of a 2-D case against x, truth and prediction.

    Low values point up, as aerodynamicists draw the pressure.
    """
    truth = case.stacked_fields([field])
    if case.space != 2 or truth.shape[1] != 1:
        raise DataError(
            f"a curve along the wall needs a scalar in the plane; {field!r} of {case.name!r} has "
            f"{truth.shape[1]} components in {case.space}-D"
        )
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    loops = [np.append(loop, loop[0]) for loop in wall_loops(case.wall.facets)]
    curves = (("truth", truth[:, 0], "0.25", 1.8), ("prediction", prediction, "#d1495b", 1.3))
    for name, values, color, width in curves:
        for number, loop in enumerate(loops):
            label = name if number == 0 else None
            x, y = case.points[loop, 0], np.asarray(values)[loop]
            axes.plot(x, y, color=color, linewidth=width, label=label)
    axes.invert_yaxis()
    axes.set_xlabel("x")
    axes.set_ylabel(field_label(case, field))
    axes.set_title(f"Wall of {case_title(case)}", fontsize=11)
    axes.legend(frameon=False)
    hide_frame(axes)
    return png_bytes(figure)
