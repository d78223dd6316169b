"""Global parameters as a model reads them."""

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

ANGLE_SUFFIX = "_deg"
LOGARITHMIC = ("reynolds", "viscosity")  # what spans orders of magnitude
TURNING_ANGLES = ("angle_of_attack_deg",)  # measured in the plane, from x towards y
MIRRORED_FIELDS = ("p", "U", "T", "rho", "k", "epsilon", "omega", "nut", "nuTilda")  # OpenFOAM's
UNDIRECTED = ("reynolds", "mach", "speed", "density", "viscosity", "temperature")


def condition_columns(parameters: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns ``encode_conditions`` makes of these parameters."""
    columns: list[str] = []
    for name in parameters:
        if name.endswith(ANGLE_SUFFIX):
            columns += [f"cos {name}", f"sin {name}"]
        else:
            columns.append(f"log10 {name}" if name in LOGARITHMIC else name)
    return tuple(columns)


def encode_conditions(
    values: Float[Tensor, "graphs parameters"], parameters: Sequence[str]
) -> Float[Tensor, "graphs columns"]:
    """Angles as cosine and sine, quantities over orders of magnitude as their logarithm.

    The columns are those of ``condition_columns``.
    """
    columns: list[Tensor] = []
    for name, value in zip(parameters, values.unbind(dim=1), strict=True):
        if name.endswith(ANGLE_SUFFIX):
            columns += [value.deg2rad().cos(), value.deg2rad().sin()]
        else:
            columns.append(value.log10() if name in LOGARITHMIC else value)
    return torch.stack(columns, dim=1) if columns else values


def can_be_mirrored(parameters: Iterable[str], fields: Iterable[str]) -> bool:
    """Whether it is known how all of these change when y changes sign."""
    known_parameters = all(name in TURNING_ANGLES + UNDIRECTED for name in parameters)
    return known_parameters and all(name in MIRRORED_FIELDS for name in fields)


def mirrored_columns(parameters: Sequence[str]) -> tuple[float, ...]:
    """Sign every column of ``condition_columns`` takes when y changes sign."""
    turning = {f"sin {name}" for name in TURNING_ANGLES}
    return tuple(-1.0 if name in turning else 1.0 for name in condition_columns(parameters))
