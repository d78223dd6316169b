"""Is a PLY file whole? VTK's reader runs past the end of one that is not, and ends Python."""

from dataclasses import dataclass
from pathlib import Path

from graphformers.errors import DataError

SIZES = {
    **dict.fromkeys(("char", "uchar", "int8", "uint8"), 1),
    **dict.fromkeys(("short", "ushort", "int16", "uint16"), 2),
    **dict.fromkeys(("int", "uint", "float", "int32", "uint32", "float32"), 4),
    **dict.fromkeys(("double", "float64"), 8),
}


@dataclass(frozen=True, kw_only=True)
class PlyElement:
    """One ``element`` of the header: how many, and the bytes of its properties."""

    name: str
    count: int
    properties: tuple[tuple[int, int], ...]  # (bytes of a list's length or 0, bytes of one value)


def check_ply_is_whole(path: Path) -> None:
    """Raise ``DataError`` when the body is shorter than the header promises."""
    content = path.read_bytes()
    header, mark, body = content.partition(b"end_header")
    if not content.startswith(b"ply") or not mark:
        raise DataError(f"{path}: not a PLY file, or truncated inside its header")
    body = body.partition(b"\n")[2]
    lines = header.decode("ascii", errors="replace").splitlines()
    try:
        elements = _elements(lines)
        form = next(line.split()[1] for line in lines if line.startswith("format"))
    except (StopIteration, LookupError, ValueError) as error:
        raise DataError(f"{path}: the PLY header cannot be understood ({error})") from error
    if form == "ascii":
        expected, found = sum(one.count for one in elements), len(body.split(b"\n"))
        whole = found >= expected
    else:
        whole = _binary_size(body, elements, "little" if "little" in form else "big") is not None
    if not whole:
        promised = ", ".join(f"{one.count} {one.name}" for one in elements)
        raise DataError(f"{path}: truncated; the header promises {promised}")


def _elements(lines: list[str]) -> list[PlyElement]:
    found: list[tuple[str, int, list[tuple[int, int]]]] = []
    for line in lines:
        words = line.split()
        if words[:1] == ["element"]:
            found.append((words[1], int(words[2]), []))
        elif words[:2] == ["property", "list"]:
            found[-1][2].append((SIZES[words[2]], SIZES[words[3]]))
        elif words[:1] == ["property"]:
            found[-1][2].append((0, SIZES[words[1]]))
    return [PlyElement(name=n, count=c, properties=tuple(p)) for n, c, p in found]


def _binary_size(body: bytes, elements: list[PlyElement], order: str) -> int | None:
    """Bytes the elements take, or None when the body ends before."""
    position = 0
    for element in elements:
        if not any(length for length, _ in element.properties):
            position += element.count * sum(size for _, size in element.properties)
            continue
        for _ in range(element.count):
            for length, size in element.properties:
                items = 1
                if length:
                    head = body[position : position + length]
                    items = int.from_bytes(head, order)  # pyright: ignore[reportArgumentType]
                position += length + items * size
            if position > len(body):
                return None
    return position if position <= len(body) else None
