import numpy as np
import pyvista as pv

from graphformers.physics import MeshCase, Surrogate, case_from_dataset
from graphformers.physics.baselines import Fields
from graphformers.physics.experiment import case_pictures


class Known(Surrogate):
    """Knows the fields of every case."""

    fields_ = ("p", "U")

    def predict_fields(self, case: MeshCase) -> Fields:
        return case.fields


def test_of_a_volume_cuts_are_drawn_and_what_varies_on_the_wall(room) -> None:
    room.point_data["U"][case_from_dataset(room).wall.point_ids] = 0
    case = case_from_dataset(room)
    assert case_pictures(Known(), [case]).keys() == {"p", "p_cut", "U_cut"}


def test_a_surface_is_drawn_whatever_is_on_it() -> None:
    ball = pv.Sphere(theta_resolution=6, phi_resolution=6)
    ball.clear_data()
    ball.point_data["p"] = ball.points[:, 0]
    ball.point_data["U"] = np.zeros_like(ball.points)
    assert case_pictures(Known(), [case_from_dataset(ball)]).keys() == {"p", "U"}
