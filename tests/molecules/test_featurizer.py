import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphformers.errors import DataError, ShapeError
from graphformers.molecules import featurizer
from graphformers.molecules.featurized import FeaturizedMolecules
from graphformers.molecules.featurizer import CHUNK_ROWS, featurize

GOOD = ["CCO", "c1ccccc1", "C", "[Na+].[Cl-]", "CC(=O)O"]
BAD = ["", None, "xyz", "CC(C)(C)(C)C", 4.5]


def assert_same(first: FeaturizedMolecules, second: FeaturizedMolecules) -> None:
    for name in ("x", "edge_index", "edge_attr", "num_atoms", "num_edges", "rows"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert first.bad_rows == second.bad_rows


def long_column() -> list[object]:
    return [*GOOD, *BAD] * (2 * CHUNK_ROWS // 10 + 1)


def test_a_batch_holds_the_molecules_end_to_end() -> None:
    graphs = featurize(["CCO", "C", "CC"]).graphs
    assert graphs.ptr.tolist() == [0, 3, 4, 6]
    assert graphs.edge_index.tolist() == [[0, 1, 1, 2, 4, 5], [1, 0, 2, 1, 5, 4]]
    assert graphs.x.dtype == graphs.edge_index.dtype == torch.int64
    assert graphs.edge_attr is not None
    assert graphs.edge_attr.shape == (6, 3)


def test_a_molecule_taken_out_of_a_column_equals_the_molecule_alone() -> None:
    taken = featurize(GOOD).graphs.select([3])
    alone = featurize([GOOD[3]]).graphs
    assert torch.equal(taken.x, alone.x)
    assert torch.equal(taken.edge_index, alone.edge_index)


@given(st.lists(st.sampled_from([*GOOD, *BAD]), max_size=30))
def test_every_row_is_either_read_or_reported(column: list) -> None:
    result = featurize(column)
    reported = [bad.row for bad in result.bad_rows]
    assert sorted([*result.rows.tolist(), *reported]) == list(range(len(column)))
    assert [column[row] for row in result.rows] == [one for one in column if one in GOOD]
    assert result.num_rows == len(column)
    assert len(result) == result.graphs.num_graphs == len(result.rows)


@settings(max_examples=200)
@given(st.text())
def test_no_text_makes_the_reader_fail(text: str) -> None:
    result = featurize([text])
    assert len(result.rows) + len(result.bad_rows) == 1


def test_bad_rows_say_the_row_as_people_count_it() -> None:
    (bad,) = featurize(["C", "xyz"]).bad_rows
    assert (bad.row, bad.smiles) == (1, "xyz")
    assert str(bad) == "row 2: not a valid SMILES ('xyz')"


def test_an_empty_column_gives_no_molecules() -> None:
    graphs = featurize([]).graphs
    assert graphs.x.shape == (0, 9)
    assert graphs.num_graphs == 0


def test_a_single_string_is_refused() -> None:
    with pytest.raises(DataError, match="sequence of SMILES"):
        featurize("CCO")


def test_processes_and_this_process_give_the_same() -> None:
    column = long_column()
    assert_same(featurize(column, workers=2), featurize(column, workers=1))


def test_progress_counts_up_to_all_rows() -> None:
    column = long_column()
    seen: list[tuple[int, int]] = []
    featurize(column, workers=1, progress=lambda done, rows: seen.append((done, rows)))
    assert [done for done, _ in seen] == [CHUNK_ROWS, 2 * CHUNK_ROWS, len(column)]
    assert {rows for _, rows in seen} == {len(column)}


@pytest.mark.parametrize("failure", [BrokenProcessPool("killed"), OSError("no semaphores")])
def test_failing_workers_leave_the_rest_to_this_process(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FailingPool:
        def __init__(self, **_: object) -> None: ...

        def __call__(self, jobs: Iterator) -> Iterator[FeaturizedMolecules]:
            function, arguments, _ = next(iter(jobs))
            yield function(*arguments)
            raise failure

    expected = featurize(long_column(), workers=1)
    monkeypatch.setattr(featurizer, "Parallel", FailingPool)
    assert_same(featurize(long_column(), workers=2), expected)


def test_a_script_without_main_guard_may_use_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from graphformers.molecules.featurizer import CHUNK_ROWS, featurize\n"
        "print('started', len(featurize(['CC'] * (CHUNK_ROWS + 1), workers=2)))\n"
    )
    run = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert run.stdout.split() == ["started", str(CHUNK_ROWS + 1)]


def test_worker_processes_start_without_the_modules_of_training() -> None:
    loaded = "import sys, graphformers.molecules.featurizer; print('lightning' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_rdkit_stays_silent(capfd: pytest.CaptureFixture[str]) -> None:
    featurize(BAD)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_spread_leaves_nan_at_bad_rows() -> None:
    spread = featurize(["C", "xyz", "CC"]).spread(np.array([[1.0], [2.0]]))
    assert np.array_equal(spread, [[1.0], [np.nan], [2.0]], equal_nan=True)


def test_a_column_without_any_molecule_is_refused_with_its_first_rows() -> None:
    with pytest.raises(DataError, match=r"none of the 2 rows .* row 1: not a valid SMILES"):
        featurize(["xyz", ""]).require_molecules()
    some = featurize(["xyz", "C"])
    assert some.require_molecules() is some


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    whole = featurize(["CCO"])
    with pytest.raises(ShapeError, match="expected 1 molecules with 3 atoms"):
        FeaturizedMolecules(
            x=whole.x[:-1],
            edge_index=whole.edge_index,
            edge_attr=whole.edge_attr,
            num_atoms=whole.num_atoms,
            num_edges=whole.num_edges,
            rows=whole.rows,
        )
