"""The records of an SDF file as rows: name, properties, and the SMILES of the structure."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

import pyarrow as pa
from rdkit import Chem, rdBase

from graphformers.errors import DataError

SMILES_COLUMN = "smiles"
NAME_COLUMN = "name"
PROPERTY_HEADER = re.compile(rb"^>.*<([^>]+)>")


def read_sdf(file: BinaryIO, chunk_rows: int) -> Iterator[pa.Table]:
    """Rows of text, at most ``chunk_rows`` at a time; at least one chunk, which may be empty.

    A record RDKit cannot read becomes a row without SMILES and properties. The columns are those of
    all records together, in order of first appearance, so the file is gone through twice.
    """
    properties = _property_names(file)
    schema = pa.schema([(name, pa.string()) for name in _column_names(properties)])
    yield schema.empty_table()
    file.seek(0)
    with rdBase.BlockLogs():
        records = iter(Chem.ForwardSDMolSupplier(file))
        while chunk := list(islice(records, chunk_rows)):
            rows = [_row(molecule, properties) for molecule in chunk]
            columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
            yield pa.table(columns, schema=schema)


def _property_names(file: BinaryIO) -> list[str]:
    found: dict[str, None] = {}
    for line in file:
        match = PROPERTY_HEADER.match(line)
        if match:
            found.setdefault(_text(match.group(1)))
    return list(found)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"the SDF holds {raw!r}, which is not UTF-8 text; convert it") from error


def _column_names(properties: list[str]) -> list[str]:
    names = list(properties)
    for own in (NAME_COLUMN, SMILES_COLUMN):
        names.append(own if own not in names else f"{own} of the structure")
    return names


def _row(molecule: Chem.Mol | None, properties: list[str]) -> list[str | None]:
    if molecule is None:
        return [None] * (len(properties) + 2)
    try:
        values = [molecule.GetProp(name) if molecule.HasProp(name) else None for name in properties]
        name = molecule.GetProp("_Name") if molecule.HasProp("_Name") else None
    except UnicodeDecodeError as error:
        raise DataError(f"a property of the SDF is not UTF-8 text: {error}") from error
    return [*values, name, Chem.MolToSmiles(molecule)]
