"""What the benchmark command measures, compares and writes."""

import json
import sys
from types import ModuleType

import pytest
import torch

from graphformers.benchmarks import Cost, Workload, forward_backward, measure, optional_module
from graphformers.benchmarks.machine import Limits
from graphformers.benchmarks.memory import peak_memory
from graphformers.cli.command import MISTAKE
from graphformers.cli.main import run

LIMITS = Limits(bytes=1e9, exponentials=1e6, multiply_adds=1e9)
MEBIBYTE = 2**20


def doubling(size, *, wrong=0.0, **fields):
    x = torch.arange(float(size), requires_grad=True)
    return Workload(
        operation="doubling",
        order="ascending",
        size=size,
        unit="numbers",
        contenders={
            "graphformers": forward_backward(lambda: x + x, [x], torch.ones(size)),
            "product": forward_backward(lambda: (2 + wrong) * x, [x], torch.ones(size)),
        },
        tolerance=1e-6,
        **fields,
    )


@pytest.fixture
def topic(monkeypatch):
    """A topic of two small sizes in the place of a real one."""
    module = ModuleType("graphformers.benchmarks.walks")
    module.SIZES = (3, 30)
    module.workloads = lambda size: iter([doubling(size)])
    monkeypatch.setitem(sys.modules, "graphformers.benchmarks.walks", module)


def test_ours_is_the_measure_of_the_others():
    ours, other = measure(doubling(10), repeats=3)
    assert ours.ratio == 1.0
    assert other.ratio > 0.0
    assert other.milliseconds > 0.0


def test_a_contender_with_another_result_is_refused():
    with pytest.raises(ArithmeticError, match=r"product is off by 5\.0e-0[12]"):
        measure(doubling(10, wrong=0.1), repeats=1)


def test_results_without_numbers_agree():
    assert len(measure(doubling(0), repeats=1)) == 2


def test_the_slowest_part_of_a_job_binds():
    cost = Cost(bytes=1e6, exponentials=1e6, multiply_adds=1e6)
    ours, _ = measure(doubling(10, cost=cost), repeats=1, limits=LIMITS)
    assert ours.bound == "exponentials"
    assert ours.limit_milliseconds == pytest.approx(1e3)


def test_peak_memory_counts_what_is_freed_again():
    def run_through_two_buffers():
        torch.ones(8 * MEBIBYTE)
        return torch.ones(4 * MEBIBYTE)

    peak = peak_memory(run_through_two_buffers)
    assert 32 * MEBIBYTE <= peak < 48 * MEBIBYTE


@pytest.mark.skipif(sys.platform != "linux", reason="the process's peak is read from /proc")
def test_peak_memory_sees_what_torch_does_not_allocate():
    assert peak_memory(lambda: bytearray(b"x") * (16 * MEBIBYTE)) >= 15 * MEBIBYTE


def test_a_package_that_fails_to_import_is_no_peer(tmp_path, monkeypatch):
    (tmp_path / "broken_peer.py").write_text("raise OSError('another torch')")
    monkeypatch.syspath_prepend(tmp_path)
    assert optional_module("broken_peer") is None
    assert optional_module("json") is json


@pytest.mark.usefixtures("topic")
def test_bench_prints_a_table_and_writes_numbers_and_a_picture(tmp_path, capsys):
    numbers, picture = tmp_path / "numbers.json", tmp_path / "curves.png"
    threads = torch.get_num_threads()
    options = ["--repeats", "1", "--threads", "1", "--json", str(numbers), "--plot", str(picture)]
    assert run(["bench", "walks", *options]) == 0
    torch.set_num_threads(threads)
    assert "doubling" in capsys.readouterr().out
    document = json.loads(numbers.read_text())
    assert document["threads"] == 1
    assert [one["size"] for one in document["measurements"]] == [3, 3, 30, 30]
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("topic")
def test_bench_takes_other_sizes(capsys):
    assert run(["bench", "walks", "--repeats", "1", "--sizes", "7"]) == 0
    assert "7 numbers" in capsys.readouterr().out


def test_an_unknown_topic_is_named(capsys):
    with pytest.raises(SystemExit) as stopped:
        run(["bench", "atention"])
    assert stopped.value.code == MISTAKE
    assert "atention" in capsys.readouterr().err
