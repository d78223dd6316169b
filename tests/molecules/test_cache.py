from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphformers.molecules import cache
from graphformers.molecules.cache import cached_featurize
from graphformers.molecules.vocabulary import OGB_VOCABULARY

COLUMN = ["CCO", "xyz", None, "c1ccccc1"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every time the featuriser is called."""
    counted: list[int] = []
    featurize = cache.featurize

    def counting(smiles, **settings):
        counted.append(len(smiles))
        return featurize(smiles, **settings)

    monkeypatch.setattr(cache, "featurize", counting)
    return counted


def the_file(folder: Path) -> Path:
    (path,) = folder.rglob("*.safetensors")
    return path


def test_the_same_column_is_not_featurised_twice(calls: list[int]) -> None:
    made = cached_featurize(COLUMN)
    found = cached_featurize(tuple(COLUMN))
    assert calls == [4]
    assert np.array_equal(found.x, made.x)
    assert np.array_equal(found.edge_index, made.edge_index)
    assert np.array_equal(found.edge_attr, made.edge_attr)
    assert np.array_equal(found.rows, made.rows)
    assert found.bad_rows == made.bad_rows
    assert len(found.bad_rows) == 2


@pytest.mark.parametrize(
    "other", [COLUMN[::-1], COLUMN[:-1], ["CCO", "xyz", "None", "c1ccccc1"], ["CCO\nxyz"]]
)
def test_another_column_is_featurised(other: list, calls: list[int]) -> None:
    cached_featurize(COLUMN)
    cached_featurize(other)
    assert len(calls) == 2


def test_another_vocabulary_or_rdkit_is_featurised(
    calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_featurize(COLUMN)
    cached_featurize(COLUMN, vocabulary=replace(OGB_VOCABULARY, version="other"))
    monkeypatch.setattr(cache.rdkit, "__version__", "another release")
    cached_featurize(COLUMN)
    assert len(calls) == 3


def test_numpy_strings_are_the_same_column(calls: list[int]) -> None:
    cached_featurize(["CCO", "C"])
    cached_featurize(list(np.array(["CCO", "C"])))
    assert calls == [2]


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_a_truncated_file_is_made_anew(keep: int, calls: list[int], cache_folder: Path) -> None:
    made = cached_featurize(COLUMN)
    path = the_file(cache_folder)
    path.write_bytes(path.read_bytes()[:keep])
    again = cached_featurize(COLUMN)
    assert np.array_equal(again.x, made.x)
    cached_featurize(COLUMN)
    assert calls == [4, 4]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), flipped=st.integers(1, 255))
def test_no_flipped_byte_changes_what_is_read(
    position: float, flipped: int, tmp_path: Path
) -> None:
    made = cached_featurize(COLUMN, folder=tmp_path)
    path = the_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= flipped
    path.write_bytes(content)
    again = cached_featurize(COLUMN, folder=tmp_path)
    for name in cache.ARRAYS:
        assert np.array_equal(getattr(again, name), getattr(made, name))
    assert again.bad_rows == made.bad_rows
    path.unlink()


def test_a_folder_that_cannot_be_written_costs_only_the_reuse(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("in the way")
    assert len(cached_featurize(COLUMN, folder=occupied)) == 2


def test_nothing_but_the_finished_file_is_left(cache_folder: Path) -> None:
    cached_featurize(COLUMN)
    assert [path for path in cache_folder.rglob("*") if path.is_file()] == [the_file(cache_folder)]


def test_a_folder_given_by_hand_wins(tmp_path: Path, cache_folder: Path) -> None:
    cached_featurize(COLUMN, folder=tmp_path / "mine")
    assert the_file(tmp_path / "mine").is_file()
    assert not cache_folder.exists()
