"""The two small tables that come with the package; ``data/README.md`` tells where they are from."""

from pathlib import Path

from graphformers.errors import DataError, nearest_name

TARGET_COLUMNS = {
    "esol": "measured log solubility in mols per litre",
    "freesolv": "hydration free energy in kcal per mol",
}
"""Target of every bundled table; the SMILES are in the column ``smiles``."""


def bundled_table(name: str) -> Path:
    """Path of a bundled CSV table: ``"esol"`` (1,128 molecules) or ``"freesolv"`` (642)."""
    if name not in TARGET_COLUMNS:
        known = list(TARGET_COLUMNS)
        raise DataError(f"no bundled table {name!r}; there are {known}{nearest_name(name, known)}")
    return Path(__file__).parent / "data" / f"{name}.csv"
