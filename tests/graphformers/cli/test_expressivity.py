"""``graphformers bench expressivity``."""

import json

import pytest
import torch

from graphformers.cli.command import MISTAKE
from graphformers.cli.main import run


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def bench(*options):
    threads = torch.get_num_threads()
    status = run(["bench", "expressivity", "--threads", "1", *options])
    torch.set_num_threads(threads)
    return status


def test_few_pairs_give_tables_and_numbers(tmp_path, capsys):
    numbers = tmp_path / "numbers.json"
    chosen = ["--models", "1-wl", "gps-rwse", "--sets", "csl", "brec", "--pairs", "0", "60", "110"]
    assert bench(*chosen, "--copies", "20", "--json", str(numbers)) == 0
    shown = capsys.readouterr().out
    assert "45/45" in shown
    assert "models untrained" in shown
    document = json.loads(numbers.read_text())
    told_apart = {
        (one["contender"], one["graph_set"]): sum(one["told_apart"]) for one in document["outcomes"]
    }
    assert told_apart == {
        ("1-wl", "csl"): 0, ("1-wl", "brec"): 0, ("gps-rwse", "csl"): 45, ("gps-rwse", "brec"): 2
    }  # fmt: skip
    (brec,) = [one for one in document["outcomes"] if one["statistics"]]
    assert brec["counts"] == {"basic": [1, 1], "regular": [1, 1], "strongly-regular": [0, 1]}
    between_graphs, between_copies = brec["statistics"][0]
    assert between_graphs > document["threshold"] > between_copies
    assert document["protocol"]["copies"] == 20


def test_files_that_are_not_given_are_named(capsys):
    assert bench("--models", "1-wl", "--sets", "sr25", "exp") == 0
    shown = capsys.readouterr().out
    assert "exp is left out: EXP_GRAPHSAT.txt(.gz) no --data given" in shown
    assert "0/105" in shown


def test_files_of_a_folder_are_read(tmp_path, capsys):
    edge = "2 {}\n0 1 1\n{} 1 0\n"
    (tmp_path / "CEXP_GRAPHSAT.txt").write_text("2\n" + edge.format(1, 0) + edge.format(0, 1))
    chosen = ["--models", "1-wl", "--sets", "exp", "cexp", "--data", str(tmp_path)]
    assert bench(*chosen) == 0
    shown = capsys.readouterr().out
    assert f"exp is left out: EXP_GRAPHSAT.txt(.gz) not in {tmp_path}" in shown
    assert "1/1" in shown


def test_classifiers_are_trained_where_asked_for(tmp_path, capsys):
    node = "1 {}\n{} 0\n"
    graphs = "".join(node.format(label, label) for label in (0, 1, 1, 0))
    (tmp_path / "EXP_GRAPHSAT.txt").write_text("4\n" + graphs)
    chosen = ["--models", "1-wl", "gps", "--sets", "exp", "--data", str(tmp_path)]
    assert bench(*chosen, "--train-epochs", "1", "--folds", "2") == 0
    assert capsys.readouterr().out.count("accuracy") == 1


def test_categories_choose_pairs_of_brec(capsys):
    chosen = ["--models", "1-wl", "--sets", "brec", "--categories", "distance-regular"]
    assert bench(*chosen) == 0
    assert "0/20" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "gsp"], "no contender 'gsp'; did you mean 'gps'"),
        (["--sets", "crl"], "no set 'crl'; did you mean 'csl'"),
        (["--sets", "brec", "--pairs", "400"], "BREC has pairs 0 to 399; got 400"),
        (["--sets", "brec", "--categories", "cfl"], "no category 'cfl'; did you mean 'cfi'"),
        (["--precision", "half"], "precision must be float32 or float64; got 'half'"),
        (["--direct", "--epochs", "1"], "leave out --direct or --epochs"),
        (["--copies", "16"], "needs more copies than columns"),
    ],
)
def test_mistakes_are_refused_in_one_line(options, message, capsys):
    assert bench(*options) == MISTAKE
    assert message in capsys.readouterr().err


def test_directly_brec_is_judged_by_embeddings(tmp_path):
    numbers = tmp_path / "numbers.json"
    chosen = ["--models", "gps-rwse", "--sets", "brec", "--pairs", "0", "110", "--direct"]
    assert bench(*chosen, "--json", str(numbers)) == 0
    (outcome,) = json.loads(numbers.read_text())["outcomes"]
    assert outcome["told_apart"] == [True, False]
    assert outcome["smallest"] > 1e-9 > outcome["noise"]
    assert outcome["statistics"] == []


def test_help_is_its_own(capsys):
    with pytest.raises(SystemExit) as stopped:
        run(["bench", "expressivity", "--help"])
    assert stopped.value.code == 0
    assert "--train-epochs" in capsys.readouterr().out
