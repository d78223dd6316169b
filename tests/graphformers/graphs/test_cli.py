"""The commands of the graphs room, and the YAML files that come with it."""

import csv
from pathlib import Path

import pytest
import torch
from jsonargparse import ArgumentParser

from graphformers.cli.command import MISTAKE
from graphformers.cli.main import run
from graphformers.graphs.architecture import config_for_graphs
from graphformers.graphs.cli import COMMANDS
from graphformers.graphs.features import FeatureCode
from graphformers.systems import SYSTEMS, find_system, level_of

QUICK = ["--training.epochs", "1", "--training.batch_size", "4", "--training.warmup_epochs", "0"]
FILES = sorted((COMMANDS[0].presets or Path()).glob("*.yaml"))
MOLECULES = ("zinc", "pcqm4m", "peptides", "molhiv", "molpcba")


@pytest.fixture
def trained(tu_root, tmp_path):
    folder = tmp_path / "run"
    source = ["--dataset", "TINY", "--root", str(tu_root)]
    assert run(["graphs", "train", *source, "--out", str(folder), *QUICK]) == 0
    return folder, source


def test_training_leaves_everything_a_person_needs(trained, capsys):
    folder, source = trained
    left = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
    assert {
        "model.safetensors",
        "config.json",
        "metrics.json",
        "metrics.csv",
        "history.csv",
        "bad_graphs.csv",
        "report.html",
        "resume.ckpt",
        "pictures/confusion.png",
    } <= left
    rows = list(csv.DictReader((folder / "metrics.csv").open()))
    assert {row["method"] for row in rows} == {"gps", "training mean"}
    assert {row["part"] for row in rows} == {"train", "validation", "test"}
    evaluated = folder / "evaluated"
    assert run(["graphs", "evaluate", str(folder), *source, "-o", str(evaluated)]) == 0
    assert "accuracy" in capsys.readouterr().out
    assert (evaluated / "metrics.json").is_file()
    resumed = ["graphs", "train", *source, "--out", str(folder), *QUICK, "--resume"]
    assert run([*resumed, "--training.epochs", "2"]) == 0
    assert len((folder / "history.csv").read_text().splitlines()) == 3


def test_a_folder_of_values_is_trained_on_and_predicted(write_folder, tmp_path):
    rows, files = [], {}
    for number in range(9):
        edges = [f"{one},{one + 1}" for one in range(number)]
        files[f"{number}.csv"] = "\n".join(["source,target", *edges])
        files[f"{number}.nodes.csv"] = "kind\n" + "\n".join(["1"] * (number + 1))
        rows.append(
            (f"{number}.csv", number + 0.5, ("train", "train", "valid", "test")[number % 4])
        )
    files["8.nodes.csv"] = files["8.nodes.csv"].replace("1", "2", 1)
    rows[8] = (*rows[8][:2], "test")
    folder = write_folder(("file", "length", "split"), rows, files)
    out = str(tmp_path / "run")
    assert run(["graphs", "train", str(folder), "--model", "gt", "--out", out, *QUICK]) == 0
    assert (tmp_path / "run/pictures/parity.png").is_file()
    output = tmp_path / "predicted.csv"
    assert run(["graphs", "predict", out, str(folder), "-o", str(output)]) == 0
    predicted = list(csv.DictReader(output.open()))
    assert [row["graph"] for row in predicted] == [f"{one}.csv" for one in range(9)]
    assert float(predicted[0]["predicted length"])
    assert predicted[8]["predicted length"] == ""
    assert "category" in predicted[8]["reason"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a folder of graphs"),
        (["--dataset", "TINY"], "--dataset needs --root"),
        (["nowhere"], "cannot be read"),
    ],
)
def test_mistakes_end_in_one_clear_line(capsys, arguments, message):
    assert run(["graphs", "train", *arguments]) == MISTAKE
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_file_names_its_preset_and_builds_its_model(file):
    parser = ArgumentParser()
    parser.add_argument("--config", action="config")
    COMMANDS[0].add_arguments(parser)
    options = parser.instantiate(parser.parse_args(["--config", str(file), "folder"]))
    assert file.stem == f"{options.model}-{options.preset}"
    level = level_of(find_system(options.model).config(options.preset)) or "graph"
    nodes = FeatureCode.fit(torch.zeros(2, 3))
    config = config_for_graphs(options.model, options.preset, level, nodes, FeatureCode(), 7)
    with torch.device("meta"):
        find_system(options.model).build(config)
    assert config.head.out == 7


def test_every_preset_that_is_not_on_molecules_has_a_file():
    expected = {
        f"{name}-{one}"
        for name, system in SYSTEMS.items()
        for level in ("graph", "node")
        for one in system.level_presets(level)
        if not one.startswith(MOLECULES) and one != "brec"  # untrained graphs to tell apart
    }
    assert {file.stem for file in FILES} == expected
