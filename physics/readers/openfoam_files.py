"""What the text files of an OpenFOAM case say: times, patches and their types, dimensions."""

import gzip
import re
from pathlib import Path

BASE_UNITS = ("kg", "m", "s", "K", "mol", "A", "cd")  # order of OpenFOAM's dimension sets
FIRST_PROCESSOR, BETWEEN_PROCESSORS = "processor0", "processor"
HEADER_BYTES = 8192  # the dimensions stand before the numbers
PATCH = re.compile(r"([^\s{}()/]+)\s*\{([^{}]*)\}")
DIMENSIONS = re.compile(r"^\s*dimensions\s*\[([^\]]*)\]", re.MULTILINE)


def is_openfoam_case(path: Path) -> bool:
    """A folder with a mesh in OpenFOAM's layout, in one piece or divided among processors."""
    return any((one / "constant" / "polyMesh").is_dir() for one in (path, path / FIRST_PROCESSOR))


def is_decomposed(folder: Path) -> bool:
    """The folders of the processors hold more times than that of the case."""
    part = folder / FIRST_PROCESSOR
    return part.is_dir() and len(_times_in(part)) > len(_times_in(folder))


def patch_types(folder: Path) -> dict[str, str]:
    """Patch names and types in the order of ``constant/polyMesh/boundary``."""
    text = _header(_holder(folder) / "constant" / "polyMesh" / "boundary", limit=None)
    types = {}
    for name, body in PATCH.findall(text):
        kind = re.search(r"\btype\s+(\w+)\s*;", body)
        if kind and name != "FoamFile" and kind[1] != BETWEEN_PROCESSORS:
            types[name] = kind[1]
    return types


def time_folders(folder: Path) -> dict[float, Path]:
    """Folders of the times that are stored, ascending; those of one processor stand for all."""
    return _times_in(_holder(folder))


def stored_at(time_folder: Path) -> set[str]:
    """Names of the fields in the folder of one time, packed or not."""
    return {path.name.removesuffix(".gz") for path in time_folder.iterdir() if path.is_file()}


def field_unit(folder: Path, seconds: float, name: str) -> str:
    """``m2/s2`` for ``[0 2 -2 0 0 0 0]``; empty for no dimension or none stated."""
    time_folder = time_folders(folder).get(seconds, folder)
    match = DIMENSIONS.search(_header(time_folder / name, limit=HEADER_BYTES))
    return _unit_text(match[1].split()) if match else ""


def _holder(folder: Path) -> Path:
    return folder / FIRST_PROCESSOR if is_decomposed(folder) else folder


def _times_in(folder: Path) -> dict[float, Path]:
    found = {}
    for path in folder.iterdir():
        try:
            found[float(path.name)] = path
        except ValueError:
            continue  # constant, system and whatever else lies there
    return dict(sorted(found.items()))


def _unit_text(exponents: list[str]) -> str:
    try:
        powers = [float(exponent) for exponent in exponents]
    except ValueError:
        return ""  # newer versions write names here
    above, below = [], []
    for base, power in zip(BASE_UNITS, powers, strict=False):
        size = "" if abs(power) == 1 else f"{abs(power):g}"
        if power:
            (above if power > 0 else below).append(base + size)
    return "/".join([" ".join(above) or "1", *below]) if above or below else ""


def _header(path: Path, limit: int | None) -> str:
    """Text of an OpenFOAM file, packed or not, at most ``limit`` bytes of it; none, no text."""
    packed = path.with_name(path.name + ".gz")
    try:
        if packed.is_file():
            with gzip.open(packed) as stream:
                content = stream.read(-1 if limit is None else limit)
        else:
            with path.open("rb") as stream:
                content = stream.read(-1 if limit is None else limit)
    except OSError:
        return ""
    return content.decode("utf-8", errors="replace")
