"""Cases however a user holds them, as one store divided into training and validation."""

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, cast

import pyvista as pv
import torch

from graphformers.errors import DataError
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.reading import case_from_dataset

# a folder, mesh files, a store, or cases and PyVista data sets in memory
CaseSource: TypeAlias = (
    str | Path | MeshStore | Sequence[str | Path] | Sequence[MeshCase | pv.DataSet]
)


@contextmanager
def opened_store(cases: CaseSource, options: ReadOptions) -> Iterator[MeshStore]:
    """A store of these cases; one of cases in memory lasts as long as the block.

    Raises ``DataError`` when the cases do not go together, or lack a field.
    """
    if isinstance(cases, MeshStore):
        yield _with_fields(cases, options)
    elif isinstance(cases, str | Path) or all(isinstance(one, str | Path) for one in cases):
        files = cast("str | Path | Sequence[str | Path]", cases)
        yield _with_fields(MeshStore.import_cases(files, options), options)
    else:
        in_memory = cast("Sequence[MeshCase | pv.DataSet]", cases)
        with tempfile.TemporaryDirectory() as folder:
            yield MeshStore.write(
                (_named_case(one, number, options) for number, one in enumerate(in_memory)),
                Path(folder) / "cases.zarr",
                fields=options.fields,
                parameters=options.parameters,
            )


def training_parts(
    store: MeshStore, *, validation_fraction: float, seed: int
) -> tuple[list[int], list[int]]:
    """Numbers of the training and validation cases.

    As the cases' own split says; without one, ``validation_fraction`` of the cases, at least one,
    are drawn for validation. Test cases are in neither.
    """
    train, validation = store.indices("train"), store.indices("val")
    if not train:
        train = [case for case, split in enumerate(store.index.splits) if split is None]
    if not validation:
        train, validation = held_out(train, validation_fraction, seed=seed)
    if not train:
        raise DataError(
            "a surrogate needs at least two cases: one to learn from, one to choose the best epoch"
        )
    return train, validation


def held_out(numbers: Sequence[int], fraction: float, *, seed: int) -> tuple[list[int], list[int]]:
    """Draw a share of the numbers, at least one: what is left and what was drawn, ascending."""
    order = torch.randperm(len(numbers), generator=torch.Generator().manual_seed(seed)).tolist()
    count = max(round(fraction * len(numbers)), 1)
    return sorted(numbers[one] for one in order[count:]), sorted(
        numbers[one] for one in order[:count]
    )


def _with_fields(store: MeshStore, options: ReadOptions) -> MeshStore:
    for kind, held, wanted in (
        ("fields", store.field_names, options.fields),
        ("inputs", tuple(store.index.input_names), options.inputs),
    ):
        if wanted is not None and held != wanted:
            raise DataError(
                f"{store.path} holds the {kind} {', '.join(held) or 'none'}; "
                f"import the cases again with {', '.join(wanted) or 'none'}"
            )
    return store


def _named_case(one: MeshCase | pv.DataSet, number: int, options: ReadOptions) -> MeshCase:
    if isinstance(one, MeshCase):
        return one
    return dataclasses.replace(case_from_dataset(one, options), name=f"{number:04d}")
