"""The page and the files a run leaves behind."""

import json
import math
from html.parser import HTMLParser

import pytest

from graphformers.errors import DataError
from graphformers.training import Report, RunFolder

PNG = b"\x89PNG\r\n\x1a\n"


class Outside(HTMLParser):
    """Collects everything a page loads and checks that tags close."""

    def __init__(self):
        super().__init__()
        self.loads, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.loads += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page(tmp_path):
    report = Report("Solubility <b>", "of & things")
    report.facts("Result", {"RMSE": 0.91234567, "none": None})
    report.table("All", [{"name": "<script>", "rmse": 1.0}, {"name": "b", "rmse": None}])
    report.pictures("Pictures", {"parity": PNG})
    report.code("Command", "a < b")
    return RunFolder(tmp_path / "run").write_report(report).read_text(encoding="utf-8")


def test_report_is_one_file_of_well_formed_html(tmp_path):
    parser = Outside()
    parser.feed(page(tmp_path))
    assert parser.open == []
    assert all(one.startswith("data:image/png;base64,") for one in parser.loads)


def test_names_cannot_put_markup_into_the_report(tmp_path):
    text = page(tmp_path)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_metrics_are_written_as_json_and_csv(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.write_metrics([{"method": "gps", "rmse": 0.5}, {"method": "mean", "auc": math.nan}])
    assert folder.read_metrics()[1] == {"method": "mean", "auc": None}
    lines = (folder.path / "metrics.csv").read_text().splitlines()
    assert lines == ["method,rmse,auc", "gps,0.5,", "mean,,"]
    json.loads((folder.path / "metrics.json").read_text())


def test_a_file_in_the_place_of_the_run_folder_is_refused(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(DataError, match="needs a folder"):
        RunFolder(tmp_path / "run")
