"""A split in the words of the command line, from the words to the trained run."""

import json

import pytest

from graphformers.cli.main import run
from graphformers.errors import ConfigError, DataError
from graphformers.physics import Split
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.split_choice import chosen_split

NAMES = ("00", "01", "02", "03", "04", "05")


@pytest.fixture
def store(ring_folder, tmp_path, monkeypatch):
    """Six cases with a split of their own; ``reynolds`` goes from 1e5 to 6e5."""
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "cache"))
    return MeshStore.import_cases(ring_folder, ReadOptions(fields=("p",)))


def test_cases_are_drawn_whatever_they_say(store):
    split = chosen_split("case", store, val=0.2)
    assert sorted(split.parts) == list(NAMES)
    assert (len(split.train), len(split.val), len(split.test)) == (4, 1, 1)


def test_a_pattern_keeps_families_together(store):
    with pytest.raises(DataError, match="families cannot be divided"):
        chosen_split(r"family:^(\d)", store, val=0.2)
    assert chosen_split(r"family:^\d(\d)", store, val=0.2).train


@pytest.mark.parametrize(
    ("words", "test"),
    [
        ("reynolds:1.5e5..4.5e5", ("00", "04", "05")),
        ("reynolds:..4e5", ("04", "05")),
        ("angle_of_attack_deg:2..", ("00", "01")),
    ],
)
def test_a_range_is_learnt_from_and_the_rest_tested(store, words, test):
    split = chosen_split(words, store, val=0.2)
    assert split.test == test
    assert len(split.val) == 1


def test_a_manifest_is_read(store, tmp_path):
    wanted = Split(train=("00", "01"), val=("02",), test=("05",))
    wanted.save(tmp_path / "split.json")
    divided = store.divided(chosen_split(str(tmp_path / "split.json"), store, val=0.2))
    assert divided.split == wanted
    assert divided.indices("test") == [5]
    assert store.indices("test") == [5]
    assert store.indices("train") == [0, 1, 2, 3]  # as before


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ("random", ConfigError, "--split must be 'case'"),
        ("reynold:1..2", ConfigError, "did you mean 'reynolds'"),
        ("reynolds:low..2", ConfigError, "must be a number; got 'low'"),
        ("reynolds:0..9e9", DataError, "nothing to test"),
        ("family:x(y)", DataError, "does not match the pattern"),
        ("absent.json", DataError, "no such file"),
    ],
)
def test_other_words_are_refused(store, words, error, message):
    with pytest.raises(error, match=message):
        chosen_split(words, store, val=0.2)


def test_a_manifest_of_other_cases_is_refused(store):
    with pytest.raises(DataError, match="'elsewhere'"):
        store.divided(Split(train=("00", "elsewhere")))


def test_a_run_is_judged_outside_of_the_range_and_leaves_its_split(ring_folder, tmp_path, store):
    command = ["physics", "train", str(ring_folder), "--fields", "p", "--split", "reynolds:..4e5"]
    small = ["--architecture.dim", "16", "--architecture.blocks", "1", "--training.epochs", "1"]
    assert run([*command, *small, "--out", str(tmp_path / "run")]) == 0
    assert Split.load(tmp_path / "run" / "split.json").test == ("04", "05")
    rows = json.loads((tmp_path / "run" / "metrics.json").read_text())["rows"]
    assert {row["cases"] for row in rows if row["part"] == "test"} == {2}


def test_series_are_divided_by_their_table(ring_folder, capsys):
    command = ["physics", "train", str(ring_folder), "--fields", "p", "--split", "case"]
    assert run([*command, "--transient"]) == 2
    assert "--split is for cases without time" in capsys.readouterr().err
