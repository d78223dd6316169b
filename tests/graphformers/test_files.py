"""Writing files in one step."""

import json

import pytest

from graphformers.files import replacing, replacing_folder, write_json, write_text


def test_a_failing_writer_leaves_the_previous_file_and_no_rubbish(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "whole")

    def half_written():
        with replacing(path) as temporary:
            temporary.write_text("ha")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        half_written()
    assert path.read_text() == "whole"
    assert [one.name for one in tmp_path.iterdir()] == ["table.csv"]


def test_the_temporary_file_keeps_the_suffix(tmp_path):
    with replacing(tmp_path / "new" / "mesh.vtu") as temporary:
        assert temporary.suffix == ".vtu"
        temporary.write_text("x")
    assert (tmp_path / "new" / "mesh.vtu").read_text() == "x"


def test_written_files_can_be_read_by_others(tmp_path):
    write_text(tmp_path / "a.txt", "a")
    (tmp_path / "b.txt").write_text("b")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"value": float("nan")})
    assert not (tmp_path / "a.json").exists()
    write_json(tmp_path / "a.json", {"name": "Å"})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "Å"}


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "store"
    with replacing_folder(folder) as new:
        (new / "a").write_text("first")
    with pytest.raises(IsADirectoryError), replacing_folder(folder) as new:
        new.write_text("a file, not a folder")
    assert (folder / "a").read_text() == "first"
    with replacing_folder(folder) as new:
        (new / "b").write_text("third")
    assert [one.name for one in folder.iterdir()] == ["b"]
    assert [one.name for one in tmp_path.iterdir()] == ["store"]
