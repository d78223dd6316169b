import numpy as np
import pyvista as pv

from graphformers.physics import MeshCase, case_from_dataset
from graphformers.physics.baselines import Fields
from graphformers.physics.experiment import case_pictures


def known(case: MeshCase) -> Fields:
    """The fields of a case, exactly."""
    return dict(case.fields)


def test_of_a_volume_cuts_are_drawn_and_what_varies_on_the_wall(room) -> None:
    room.point_data["U"][case_from_dataset(room).wall.point_ids] = 0
    case = case_from_dataset(room)
    assert case_pictures(known, [case]).keys() == {"p", "p_cut", "U_cut"}


def test_a_surface_is_drawn_whatever_is_on_it() -> None:
    ball = pv.Sphere(theta_resolution=6, phi_resolution=6)
    ball.clear_data()
    ball.point_data["p"] = ball.points[:, 0]
    ball.point_data["U"] = np.zeros_like(ball.points)
    assert case_pictures(known, [case_from_dataset(ball)]).keys() == {"p", "U"}
