import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
import torch

from graphformers.errors import DataError
from graphformers.physics import (
    MeshCase,
    MeshStore,
    ReadOptions,
    case_from_dataset,
    field_statistics,
    read_cases,
)
from graphformers.physics.case_files import CaseFile

RingMesh = Callable[..., pv.UnstructuredGrid]
ROUNDING = 1e-6


@pytest.fixture
def cases(ring_folder: Path) -> list[MeshCase]:
    return read_cases(ring_folder)


@pytest.fixture
def store(cases: list[MeshCase], tmp_path: Path) -> MeshStore:
    return MeshStore.write(cases, tmp_path / "store.zarr", fields=["U", "p"])


def test_the_store_describes_its_cases(store: MeshStore) -> None:
    assert len(store) == 6
    assert store.names == ("00", "01", "02", "03", "04", "05")
    assert store.space == 2
    assert store.field_columns == {"U": slice(0, 2), "p": slice(2, 3)}
    assert store.parameter_names == ("angle_of_attack_deg", "reynolds")
    assert store.indices("train") == [0, 1, 2, 3]
    assert store.indices("test") == [5]


def test_a_selected_case_is_the_case_as_read(store: MeshStore, cases: list[MeshCase]) -> None:
    expected = cases[2].graph(fields=["U", "p"], parameters=store.parameter_names)
    found = store.select([2])
    for name in ("x", "positions", "edge_index", "ptr", "conditions", "target"):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name


def test_a_batch_is_the_cases_end_to_end_in_the_order_asked_for(store: MeshStore) -> None:
    batch = store.select([4, 1, 4])
    assert len(batch) == 3
    for position, number in enumerate([4, 1, 4]):
        one, alone = batch.select([position]), store.select([number])
        assert torch.equal(one.edge_index, alone.edge_index)
        assert one.target is not None
        assert alone.target is not None
        assert torch.equal(one.target, alone.target)


def test_edges_stand_once_with_the_larger_point_as_source(store: MeshStore) -> None:
    source, target = store.select([0, 1]).edge_index
    assert (source > target).all()


def test_a_sample_is_drawn_from_everywhere(store: MeshStore, cases: list[MeshCase]) -> None:
    whole = {tuple(row) for row in store.select([1]).positions.tolist()}
    draws = [store.sample(1, 20, seed=seed) for seed in range(40)]
    seen = [{tuple(row) for row in draw.positions.tolist()} for draw in draws]
    assert all(len(one) == 20 and one <= whole for one in seen)
    assert len(set().union(*seen)) > 0.9 * len(whole)
    first = {tuple(row) for row in store.select([1]).positions[:20].tolist()}
    assert all(one != first for one in seen)


def test_a_sample_carries_what_its_points_carry(store: MeshStore) -> None:
    whole, sample = store.select([0]), store.sample(0, 15, seed=3)
    for point in range(15):
        (row,) = (whole.positions == sample.positions[point]).all(dim=1).nonzero()[:, 0].tolist()
        assert torch.equal(whole.x[row], sample.x[point])
        assert torch.equal(whole.target[row], sample.target[point])
    assert torch.equal(whole.conditions, sample.conditions)
    assert store.sample(0, 10**6, seed=0).num_nodes == whole.num_nodes


def test_a_store_of_the_first_format_is_read_but_not_sampled(
    store: MeshStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(store._arrays, "order")
    assert store.select([0]).num_nodes == store.load(0).points.shape[0]
    with pytest.raises(DataError, match="import its cases again"):
        store.sample(0, 5, seed=0)


def test_an_empty_selection_is_an_empty_batch(store: MeshStore) -> None:
    batch = store.select([])
    assert (len(batch), batch.num_nodes, batch.num_edges) == (0, 0, 0)


def test_a_loaded_case_has_its_arrays_by_name(store: MeshStore, cases: list[MeshCase]) -> None:
    found, expected = store.load(3), cases[3]
    assert np.array_equal(found.points, expected.points)
    assert np.array_equal(found.edges, expected.edges)
    assert np.array_equal(found.wall.facets, expected.wall.facets)
    assert np.array_equal(found.boundaries["wall"], expected.boundaries["wall"])
    assert np.abs(found.fields["U"] - expected.fields["U"]).max() < ROUNDING
    assert found.results == expected.results
    assert found.path == expected.path


def test_a_case_that_is_not_there_is_an_index_error(store: MeshStore) -> None:
    with pytest.raises(IndexError, match="cases 0 to 5; got 6"):
        store.select([6])


def test_files_are_imported_once(ring_folder: Path, tmp_path: Path) -> None:
    imported: list[str] = []

    def track(files: list[CaseFile]) -> Iterator[CaseFile]:
        for file in files:
            imported.append(file.name)
            yield file

    for _ in range(2):
        MeshStore.import_cases(ring_folder, folder=tmp_path / "cache", track=track)
    assert len(imported) == 6


def test_a_changed_file_table_or_option_is_imported_anew(ring_folder: Path, tmp_path: Path) -> None:
    def path(options: ReadOptions | None = None) -> Path:
        return MeshStore.import_cases(ring_folder, options, folder=tmp_path / "cache").path

    paths = [path(), path(ReadOptions(fields=("p",)))]
    table = ring_folder / "cases.csv"
    table.write_text(table.read_text().replace("test", "val"))
    paths.append(path())
    os.utime(ring_folder / "00.vtu", ns=(0, 1))
    paths.append(path())
    assert len(set(paths)) == 4


def test_a_failed_import_leaves_nothing_behind(ring_folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (ring_folder / "04.vtu").write_text("broken")
    with pytest.raises(DataError, match=r"04\.vtu"):
        MeshStore.import_cases(ring_folder, folder=cache)
    assert list(cache.iterdir()) == []


def test_an_interrupted_rewrite_keeps_the_previous_store(
    store: MeshStore, cases: list[MeshCase]
) -> None:
    def interrupted() -> Iterator[MeshCase]:
        yield cases[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        MeshStore.write(interrupted(), store.path)
    assert MeshStore(store.path).names == store.names
    assert [path.name for path in store.path.parent.glob("*store.zarr*")] == ["store.zarr"]


def test_a_rewrite_replaces_the_store(store: MeshStore, cases: list[MeshCase]) -> None:
    assert MeshStore.write(cases[:2], store.path).names == ("00", "01")
    assert [path.name for path in store.path.parent.glob("*store.zarr*")] == ["store.zarr"]


def test_plane_and_space_cases_do_not_mix(cases: list[MeshCase], tmp_path: Path) -> None:
    ball = case_from_dataset(pv.Sphere(), ReadOptions(given=cases[0].parameters))
    with pytest.raises(DataError, match="2-D and 3-D cases cannot be mixed; '00' is 2-D, 'mesh'"):
        MeshStore.write([cases[0], ball], tmp_path / "mixed.zarr", fields=[])


def test_a_case_without_a_parameter_says_which(cases: list[MeshCase], tmp_path: Path) -> None:
    unknown = replace(cases[1], parameters={"reynolds": 1.0})
    with pytest.raises(DataError, match="case '01' does not say its 'angle_of_attack_deg'"):
        MeshStore.write([cases[0], unknown], tmp_path / "s.zarr")


def test_a_case_without_a_field_says_which(cases: list[MeshCase], tmp_path: Path) -> None:
    bare = replace(cases[1], fields={"U": cases[1].fields["U"]})
    with pytest.raises(DataError, match="case '01' has no field 'p'"):
        MeshStore.write([cases[0], bare], tmp_path / "s.zarr")


def test_one_field_in_two_units_is_an_error(cases: list[MeshCase], tmp_path: Path) -> None:
    first, second = (replace(cases[k], units={"p": unit}) for k, unit in ((0, "Pa"), (1, "bar")))
    with pytest.raises(DataError, match="must have one unit; it is Pa in '00' and bar in '01'"):
        MeshStore.write([first, second], tmp_path / "s.zarr")


def test_one_name_twice_is_an_error(cases: list[MeshCase], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'00' is used twice"):
        MeshStore.write([cases[0], cases[0]], tmp_path / "s.zarr")


def test_no_cases_are_no_store(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least one case"):
        MeshStore.write([], tmp_path / "s.zarr")


def test_statistics_are_those_of_all_nodes_together(store: MeshStore) -> None:
    chosen = [0, 2, 5]
    together = store.select(chosen)
    found = field_statistics(store, chosen)
    assert set(found) == {"x", "positions", "conditions", "target"}
    for name, moments in found.items():
        values = getattr(together, name).double()
        assert torch.allclose(moments.mean, values.mean(dim=0))
        assert torch.allclose(moments.std, values.std(dim=0, correction=0))
        assert moments.count == len(values)


def test_statistics_of_no_cases_are_an_error(store: MeshStore) -> None:
    with pytest.raises(DataError, match="at least one case"):
        field_statistics(store, [])
