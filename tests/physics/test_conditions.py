import torch

from graphformers.physics.conditions import (
    can_be_mirrored,
    condition_columns,
    encode_conditions,
    mirrored_columns,
)

ROUNDING = 1e-6


def test_angles_become_cosine_and_sine_and_reynolds_numbers_logarithms():
    names = ("angle_of_attack_deg", "reynolds", "gap")
    assert condition_columns(names) == (
        "cos angle_of_attack_deg",
        "sin angle_of_attack_deg",
        "log10 reynolds",
        "gap",
    )
    encoded = encode_conditions(torch.tensor([[90.0, 1e6, 0.25]]), names)
    torch.testing.assert_close(
        encoded, torch.tensor([[0.0, 1.0, 6.0, 0.25]]), atol=ROUNDING, rtol=0
    )


def test_no_parameters_give_no_columns():
    assert encode_conditions(torch.zeros(3, 0), ()).shape == (3, 0)


def test_the_mirror_image_of_the_conditions_is_that_of_the_opposite_angle():
    names = ("angle_of_attack_deg", "reynolds")
    values = torch.tensor([[7.0, 1e6]])
    opposite = encode_conditions(values * torch.tensor([-1.0, 1.0]), names)
    mirrored = encode_conditions(values, names) * torch.tensor(mirrored_columns(names))
    torch.testing.assert_close(mirrored, opposite)


def test_only_known_parameters_and_fields_are_mirrored():
    assert can_be_mirrored(("angle_of_attack_deg", "reynolds"), ("p", "U"))
    assert not can_be_mirrored(("sideslip_deg",), ("p",))
    assert not can_be_mirrored(("reynolds",), ("vorticity",))
