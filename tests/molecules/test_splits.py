import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphformers.errors import ConfigError, DataError
from graphformers.molecules.bundled import bundled_table
from graphformers.molecules.scaffolds import murcko_scaffolds
from graphformers.molecules.splits import (
    SPLIT_METHODS,
    balanced_scaffold_split,
    scaffold_split,
    split_molecules,
)
from graphformers.molecules.table import read_table
from graphformers.tasks.split import Split, column_split, random_split

SIZES = {"esol": (902, 113, 113), "freesolv": (513, 64, 65)}


def bundled_smiles(name: str) -> list[str]:
    return read_table(bundled_table(name)).smiles


def sizes(split: Split) -> tuple[int, int, int]:
    return len(split.train), len(split.validation), len(split.test)


def rows(split: Split) -> list[int]:
    return np.concatenate([split.train, split.validation, split.test]).tolist()


@pytest.mark.parametrize("name", list(SIZES))
def test_the_scaffold_split_has_the_published_sizes(name: str) -> None:
    assert sizes(scaffold_split(bundled_smiles(name))) == SIZES[name]


@pytest.mark.parametrize("split", [scaffold_split, balanced_scaffold_split])
def test_no_scaffold_is_in_two_parts(split) -> None:
    smiles = bundled_smiles("freesolv")
    scaffolds = np.array(murcko_scaffolds(smiles))
    divided = split(smiles)
    parts = [set(scaffolds[part]) for part in (divided.train, divided.validation, divided.test)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


@pytest.mark.parametrize("method", SPLIT_METHODS)
def test_every_row_is_in_one_part_and_the_same_one_every_time(method) -> None:
    smiles = bundled_smiles("freesolv")
    first, second = (split_molecules(smiles, method, seed=3) for _ in range(2))
    assert sorted(rows(first)) == list(range(len(smiles)))
    assert rows(first) == rows(second)


@pytest.mark.parametrize("method", ["random", "scaffold-balanced"])
def test_another_seed_divides_otherwise(method) -> None:
    smiles = bundled_smiles("freesolv")
    assert rows(split_molecules(smiles, method, seed=0)) != rows(
        split_molecules(smiles, method, seed=1)
    )


def test_the_scaffold_split_does_not_depend_on_the_seed() -> None:
    smiles = bundled_smiles("freesolv")
    first, second = (split_molecules(smiles, "scaffold", seed=seed) for seed in (0, 1))
    assert rows(first) == rows(second)


def test_the_balanced_split_keeps_large_groups_out_of_the_test_part() -> None:
    smiles = ["C" * (1 + i % 9) for i in range(50)] + [f"C1{'C' * i}C1" for i in range(1, 51)]
    assert not {row for row in balanced_scaffold_split(smiles).test if row < 50}


@given(num_rows=st.integers(3, 200), seed=st.integers(0, 5))
def test_a_random_split_covers_every_row_with_no_part_empty(num_rows: int, seed: int) -> None:
    split = random_split(num_rows, seed=seed)
    assert sorted(rows(split)) == list(range(num_rows))
    assert min(sizes(split)) >= 1
    assert len(split.train) == max(sizes(split))


def test_a_part_of_fraction_zero_stays_empty() -> None:
    smiles = bundled_smiles("freesolv")
    for method in SPLIT_METHODS:
        split = split_molecules(smiles, method, fractions=(0.9, 0.1, 0.0))
        assert len(split.test) == 0
        assert len(split.validation) > 0


@pytest.mark.parametrize("num_rows", [0, 1, 2])
@pytest.mark.parametrize("method", SPLIT_METHODS)
def test_a_tiny_table_is_refused(num_rows: int, method) -> None:
    with pytest.raises(DataError, match=f"{num_rows} rows cannot be divided into 3 parts"):
        split_molecules(["CCO"] * num_rows, method)


@pytest.mark.parametrize("method", ["scaffold", "scaffold-balanced"])
def test_a_single_scaffold_is_refused_with_advice(method) -> None:
    with pytest.raises(DataError, match="split at random"):
        split_molecules(["C" * size for size in range(1, 21)], method)


def test_a_molecule_without_scaffold_is_named() -> None:
    with pytest.raises(DataError, match="row 2 has no scaffold: not a valid SMILES"):
        scaffold_split(["C", "xyz", "CC"])


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'scaffold-balanced'"):
        split_molecules(["C"] * 9, "scaffold_balanced")


@pytest.mark.parametrize("fractions", [(0.5, 0.1, 0.1), (1.2, -0.1, -0.1), (0.0, 0.5, 0.5)])
def test_fractions_that_are_none_are_refused(fractions) -> None:
    with pytest.raises(ConfigError, match="add up to 1"):
        random_split(10, fractions=fractions)


@pytest.mark.parametrize(
    "labels",
    [["train", "Valid", "test", "TRAIN"], [0, 1, 2, 0], ["0", "1", "2", "0"], [0.0, 1.0, 2.0, 0.0]],
)
def test_a_column_names_the_parts(labels: list) -> None:
    split = column_split(labels)
    assert split.to_json() == {"train": [0, 3], "validation": [1], "test": [2]}
    assert json.dumps(split.to_json())


def test_without_validation_rows_a_tenth_of_the_training_rows_is_drawn() -> None:
    labels = ["train"] * 40 + ["test"] * 10
    split = column_split(labels, seed=1)
    assert sizes(split) == (36, 4, 10)
    assert sorted(rows(split)) == list(range(50))
    assert rows(split) == rows(column_split(labels, seed=1))


@pytest.mark.parametrize("label", ["", None, 3, "hold-out", float("nan")])
def test_a_label_that_names_no_part_is_refused_with_its_row(label: object) -> None:
    with pytest.raises(DataError, match="row 3 of the split column"):
        column_split(["train", "test", label])


@pytest.mark.parametrize("labels", [[], ["test"], ["validation", "test"], ["train", "test"]])
def test_a_column_without_enough_training_rows_is_refused(labels: list) -> None:
    with pytest.raises(DataError, match="too few"):
        column_split(labels)


def test_scaffolds_are_the_rings_and_what_links_them() -> None:
    assert murcko_scaffolds(["CCO", "Cc1ccccc1", "OC1CC1CCC1CC1"]) == [
        "",
        "c1ccccc1",
        "C1CC1CCC1CC1",
    ]
