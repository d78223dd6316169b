from graphformers.cli.metric_table import print_metrics


def test_a_narrow_console_cuts_no_heading_and_no_figure_off(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "30")
    row = {"part": "test", "method": "mesh-transformer", "drag/correlation": 0.987, "r2": None}
    print_metrics([row])
    heading, figures = capsys.readouterr().out.splitlines()
    assert heading.split() == [*row]
    assert figures.split() == ["test", "mesh-transformer", "0.987", "–"]
