import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graphformers.errors import DataError
from graphformers.physics.splits import (
    Split,
    families_by_name,
    split_by_case,
    split_by_family,
    split_by_range,
)

NAMES = [f"run_{number}" for number in range(100)]


def test_shares_are_those_asked_for() -> None:
    split = split_by_case(NAMES, val=0.1, test=0.2)
    assert (len(split.train), len(split.val), len(split.test)) == (70, 10, 20)
    assert sorted(split.parts) == sorted(NAMES)


@given(st.permutations(NAMES), st.integers(0, 5))
def test_the_order_of_the_cases_does_not_matter(names: list[str], seed: int) -> None:
    assert split_by_case(names, seed=seed) == split_by_case(NAMES, seed=seed)


def test_another_seed_draws_other_cases() -> None:
    assert split_by_case(NAMES, seed=0).test != split_by_case(NAMES, seed=1).test


def test_the_draw_is_the_same_on_every_machine() -> None:
    assert split_by_case(NAMES[:10], val=0.1, test=0.2, seed=0).test == ("run_7", "run_9")


def test_a_case_that_is_added_moves_no_other_but_one() -> None:
    before = split_by_case(NAMES).parts
    after = split_by_case([*NAMES, "run_100"]).parts
    moved = [name for name in NAMES if before[name] != after[name]]
    assert len(moved) <= 2


@given(st.lists(st.integers(0, 12), min_size=30, max_size=60), st.integers(0, 3))
def test_no_family_is_in_two_parts(numbers: list[int], seed: int) -> None:
    families = {f"case_{k}": str(number) for k, number in enumerate(numbers)}
    assume(len(set(numbers)) >= 4)
    split = split_by_family(families, seed=seed)
    seen = [{families[name] for name in part} for part in (split.train, split.val, split.test)]
    assert sum(len(part) for part in seen) == len(set(numbers))
    assert sorted(split.parts) == sorted(families)
    assert all(seen)


def test_families_are_found_by_the_names() -> None:
    hills = ["case_0p5", "case_1p0", "case_1p0_refined", "case_1p2"]
    families = families_by_name(hills, r"^case_(\d+p\d+)")
    assert families["case_1p0"] == families["case_1p0_refined"] == "1p0"
    with pytest.raises(DataError, match="the name 'run_1' does not match the pattern"):
        families_by_name(["run_1"], r"^case_(\d+)")
    with pytest.raises(DataError, match="the pattern must have a group"):
        families_by_name(hills, "case")


def test_values_outside_the_range_are_the_test() -> None:
    values = {f"c{k}": float(k) for k in range(20)}
    split = split_by_range(values, low=3, high=15, val=0.2)
    assert set(split.test) == {f"c{k}" for k in (0, 1, 2, 16, 17, 18, 19)}
    assert len(split.val) == 3
    assert len(split.train) == 10


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": 1.0, "b": 2.0}, "no case lies outside 0 to 5"),
        ({"a": 7.0, "b": 8.0}, "no case lies inside 0 to 5"),
        ({"a": 1.0, "b": float("nan")}, "case 'b' has no value"),
    ],
)
def test_a_range_that_divides_nothing_is_an_error(values: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_by_range(values, low=0, high=5)


def test_too_few_cases_or_bad_shares_are_an_error() -> None:
    with pytest.raises(DataError, match="2 families cannot be divided"):
        split_by_case(["a", "b"])
    with pytest.raises(DataError, match="val and test must be shares"):
        split_by_case(NAMES, val=0.5, test=0.5)
    with pytest.raises(DataError, match="val and test must be shares"):
        split_by_case(NAMES, val=-0.1)


def test_a_case_in_two_parts_is_an_error() -> None:
    with pytest.raises(DataError, match="case 'a' is in train and in test"):
        Split(train=("a", "b"), test=("a",))
    with pytest.raises(DataError, match="needs cases to train on"):
        Split(train=(), test=("a",))


def test_a_split_is_the_same_when_written_and_read(tmp_path: Path) -> None:
    split = split_by_case(NAMES)
    split.save(tmp_path / "manifest.json")
    assert Split.load(tmp_path / "manifest.json") == split


def test_places_of_the_cases_are_found(tmp_path: Path) -> None:
    split = Split(train=("b",), val=("a",), test=("d",))
    assert split.indices(["a", "b", "c", "d"]) == {"train": [1], "val": [0], "test": [3]}
    with pytest.raises(DataError, match="the split has 1 cases that are not there: 'd'"):
        split.indices(["a", "b", "c"])


def test_a_regime_of_an_official_manifest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    document = {"full_train": ["run_1", "run_2"], "full_test": ["run_3"], "low_drag_train": []}
    path.write_text(json.dumps({**document, "scarce_train": ["run_2"], "scarce_test": ["run_3"]}))
    assert Split.load(path, "scarce") == Split(train=("run_2",), test=("run_3",))
    with pytest.raises(DataError, match="there is no regime 'small'; there is full, low_drag, sca"):
        Split.load(path, "small")
    with pytest.raises(DataError, match="no such file"):
        Split.load(tmp_path / "gone.json")


def test_lists_of_names_are_read(tmp_path: Path) -> None:
    (tmp_path / "train_design_ids.txt").write_text("N_S_1\nN_S_2\n\n")
    (tmp_path / "test_design_ids.txt").write_text("N_S_3\n")
    assert Split.load_id_lists(tmp_path) == Split(train=("N_S_1", "N_S_2"), test=("N_S_3",))
    with pytest.raises(DataError, match="no such file"):
        Split.load_id_lists(tmp_path / "gone")
