"""Titles and labels of pictures, with units."""

from graphformers.physics.mesh_case import MeshCase


def case_title(case: MeshCase) -> str:
    """Name and parameters of a case."""
    words = {"angle_of_attack_deg": "angle of attack {:g}°", "reynolds": "Re {:,.0f}"}
    parts = [
        words[name].format(value) if name in words else f"{name} {value:g}"
        for name, value in case.parameters.items()
    ]
    return ", ".join([f"case {case.name}", *parts])


def field_label(case: MeshCase, field: str) -> str:
    """What is drawn of a field, with its unit; of a vector its length."""
    is_vector = case.fields[field].shape[1] > 1
    return with_unit(f"|{field}|" if is_vector else field, case, field)


def with_unit(symbol: str, case: MeshCase, field: str | None = None) -> str:
    """A symbol with the unit of the field it stands for."""
    unit = case.units.get(field or symbol)
    return f"{symbol} ({raised(unit)})" if unit else symbol


def raised(unit: str) -> str:
    """A unit such as ``m2/s2`` with its exponents raised."""
    return unit.translate(str.maketrans("234", "²³⁴"))


def error_label(case: MeshCase, field: str) -> str:
    """What an error of a field is called, with its unit."""
    return f"error of {with_unit(field, case)}"
