import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import ConfigError, DataError
from graphformers.physics import ReadOptions, iter_cases, read_case
from graphformers.physics.readers.registry import READERS, reader_of

RingMesh = Callable[..., pv.UnstructuredGrid]


def test_readers_have_names_of_their_own() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)


def test_an_unknown_file_lists_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "flow.docx"
    path.write_text("no mesh")
    with pytest.raises(DataError) as caught:
        reader_of(path)
    assert all(reader.expects in str(caught.value) for reader in READERS)


def test_a_case_that_was_read_is_not_kept(ring_folder: Path) -> None:
    """At most the one in the loop and the one being read are there at a time."""
    read: list[weakref.ref] = []
    for case in iter_cases(ring_folder):
        assert sum(points() is not None for points in read) <= 1
        read.append(weakref.ref(case.points))
    del case
    assert [points() for points in read] == [None] * 6


def test_fields_nobody_asked_for_stay_on_the_disk(ring_folder: Path) -> None:
    case = read_case(ring_folder / "00.vtu", ReadOptions(fields=("p",)))
    assert "U" not in case.dataset.point_data
    assert "wall" in case.boundaries


def test_a_time_of_a_file_without_times_is_an_error(ring_folder: Path) -> None:
    with pytest.raises(DataError, match=r"00\.vtu: there is no time 5; it holds one time only"):
        read_case(ring_folder / "00.vtu", ReadOptions(time=5.0))


def test_missing_fields_can_be_left_out(ring_folder: Path) -> None:
    options = ReadOptions(fields=("p", "T"), skip_missing=True)
    assert list(read_case(ring_folder / "00.vtu", options).fields) == ["p"]


def test_polyhedra_are_read_with_their_edges_and_averages(tmp_path: Path) -> None:
    """Two cubes given as polyhedra, as solvers with arbitrary cells write them."""
    box = pv.ImageData(dimensions=(3, 2, 2)).cast_to_unstructured_grid()
    cubes = [box.get_cell(number) for number in range(2)]
    stream = []
    for cube in cubes:
        faces = [face.point_ids for face in cube.faces]
        faces = [
            [a, b, d, c] if cube.type == pv.CellType.VOXEL else [a, b, c, d] for a, b, c, d in faces
        ]
        numbers = [len(faces), *(n for face in faces for n in (len(face), *face))]
        stream += [len(numbers), *numbers]
    mesh = pv.UnstructuredGrid(stream, [pv.CellType.POLYHEDRON] * 2, np.asarray(box.points))
    mesh.cell_data["p"] = [1.0, 3.0]
    mesh.save(tmp_path / "poly.vtu")
    case = read_case(tmp_path / "poly.vtu")
    assert case.edges.shape == (2, 20)
    assert np.array_equal(case.fields["p"][:, 0], 1 + case.points[:, 0])
    assert case.wall.facets.shape == (3, 20)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"region": "inside"}, "region must be 'surface' or 'volume'; got 'inside'"),
        ({"scale": 0.0}, r"scale must be above zero; got 0\.0"),
        ({"step_seconds": -1.0}, r"step_seconds must be above zero; got -1\.0"),
    ],
)
def test_options_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ReadOptions(**options)


def test_every_option_is_part_of_the_document() -> None:
    document = ReadOptions().as_document()
    assert set(document) == set(ReadOptions.__dataclass_fields__)
