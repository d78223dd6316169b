"""Between metres and coordinates, and between normalised fields and physical ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

RANGE = 1000.0


@dataclass(frozen=True, kw_only=True)
class FieldScale:
    r"""Mean and standard deviation of a field's components.

    .. math:: y = \sigma \hat y + \mu

    ``logarithmic`` fields are those of :math:`\mathrm{sign}(y) \log(1 + |y|)`.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    logarithmic: bool = False

    def restore(
        self, normalised: Float[Tensor, "points components"]
    ) -> Float[Tensor, "points components"]:
        """The field in physical units."""
        values = normalised * normalised.new_tensor(self.std) + normalised.new_tensor(self.mean)
        return values.sign() * values.abs().expm1() if self.logarithmic else values


@dataclass(frozen=True, kw_only=True)
class AeroUnits:
    r"""The units a model of a flow around a body was trained in.

    .. math:: x' = 1000\, \frac{x - l}{h - l}

    with one ``lowest`` :math:`l` and one ``highest`` :math:`h` for all axes; ``fields`` by name.
    """

    lowest: float
    highest: float
    fields: Mapping[str, FieldScale]

    def coordinates(self, metres: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
        """Positions as the model reads them."""
        return (metres - self.lowest) * (RANGE / (self.highest - self.lowest))

    @classmethod
    def drivaerml(cls) -> "AeroUnits":
        """DrivAerML as Alkin et al. 2025 normalise it: lengths in m, the flow at 38.889 m/s."""
        return cls(
            lowest=-40.0,
            highest=80.0,
            fields={
                "pressure": FieldScale(mean=(-229.772,), std=(269.345,)),
                "wall_shear_stress": FieldScale(
                    mean=(-1.20054, 1.49358e-3, -7.20107e-2), std=(2.07670, 1.35628, 1.11426)
                ),
                "total_pressure_coefficient": FieldScale(mean=(0.171387,), std=(0.500826,)),
                "velocity": FieldScale(
                    mean=(16.7909, -0.0382238, 0.407968), std=(16.4115, 8.63614, 6.64996)
                ),
                "vorticity": FieldScale(
                    mean=(-0.0147814, 0.787642, 0.00281023),
                    std=(5.45681, 5.77081, 5.46175),
                    logarithmic=True,
                ),
            },
        )

    @classmethod
    def ahmedml(cls) -> "AeroUnits":
        """AhmedML as Alkin et al. 2025 normalise it, for the flow at 1 m/s."""
        return cls(
            lowest=-4.0,
            highest=6.0,
            fields={
                "pressure": FieldScale(mean=(-0.100952,), std=(0.188242,)),
                "wall_shear_stress": FieldScale(
                    mean=(-1.529e-3, 7.83792e-9, -5.82453e-5),
                    std=(1.17512e-3, 6.52266e-4, 7.13125e-4),
                ),
                "total_pressure_coefficient": FieldScale(mean=(0.812013,), std=(0.367992,)),
                "velocity": FieldScale(
                    mean=(0.8746, 1.42877e-5, 7.76145e-3), std=(0.300305, 0.114927, 0.124698)
                ),
                "vorticity": FieldScale(
                    mean=(-1.45271e-4, 0.129314, 1.29501e-5),
                    std=(1.11017, 1.96530, 1.77495),
                    logarithmic=True,
                ),
            },
        )

    @classmethod
    def shapenet_car(cls) -> "AeroUnits":
        """ShapeNet-Car as Alkin et al. 2025 normalise it."""
        return cls(
            lowest=-4.5,
            highest=6.0,
            fields={
                "pressure": FieldScale(mean=(-36.4098,), std=(48.6757,)),
                "velocity": FieldScale(
                    mean=(2.93915e-3, -0.0230546, 17.546032), std=(1.361689, 1.267649, 5.850353)
                ),
            },
        )
