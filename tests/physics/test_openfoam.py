import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case, read_cases, read_series
from graphformers.physics.mesh_series import INFLOW, NORMAL, OUTFLOW, WALL_BOUNDARY

FoamCase = Callable[..., Path]


def test_a_case_between_empty_patches_is_two_dimensional(openfoam_case: FoamCase) -> None:
    case = read_case(openfoam_case())
    assert case.space == 2
    assert case.num_points == 6
    assert case.edges.shape[1] == 7
    assert case.fields["U"].shape == (6, 2)


def test_a_case_without_empty_patches_keeps_its_cells(openfoam_case: FoamCase) -> None:
    case = read_case(openfoam_case(front_type="patch"))
    assert case.space == 3
    assert case.num_points == 12
    assert case.edges.shape[1] == 20
    assert "frontAndBack" in case.boundaries


def test_patches_are_tags_and_wall_is_the_union_of_the_walls(openfoam_case: FoamCase) -> None:
    case = read_case(openfoam_case())
    assert {name: int(tag.sum()) for name, tag in case.boundaries.items()} == {
        "sky": 3,
        "inlet": 2,
        "outlet": 2,
        "floor": 3,
        "wall": 3,
    }
    assert (case.points[case.boundaries["wall"], 1] == 0).all()


def test_the_last_time_is_read_unless_another_is_named(openfoam_case: FoamCase) -> None:
    folder = openfoam_case(times=("0", "10"))
    first = read_case(folder, ReadOptions(time=0.0)).fields["p"]
    last = read_case(folder).fields["p"]
    assert np.allclose(last - first, 10.0)


def test_cell_values_are_averaged_to_points(openfoam_case: FoamCase) -> None:
    case = read_case(openfoam_case(), ReadOptions(time=0.0))
    middle_of_sky = np.flatnonzero((case.points == [1, 1]).all(axis=1))
    assert case.fields["p"][middle_of_sky, 0] == pytest.approx(2.0)


def test_points_of_the_wall_take_the_values_of_the_wall(openfoam_case: FoamCase) -> None:
    case = read_case(openfoam_case())
    wall = case.boundaries["wall"]
    assert (case.fields["U"][wall] == 0).all()
    assert (case.fields["U"][~wall, 0] == 1).all()


def test_units_are_read_from_the_dimensions(openfoam_case: FoamCase) -> None:
    assert read_case(openfoam_case()).units == {"p": "m2/s2", "U": "m/s"}


def test_packed_mesh_files_are_read(openfoam_case: FoamCase) -> None:
    folder = openfoam_case()
    expected = read_case(folder)
    for path in list((folder / "constant" / "polyMesh").iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    packed = read_case(folder)
    assert np.array_equal(packed.edges, expected.edges)
    assert packed.boundaries.keys() == expected.boundaries.keys()


def test_a_folder_of_cases_is_read(openfoam_case: FoamCase) -> None:
    assert [case.name for case in read_cases(openfoam_case().parent)] == ["cubes"]


def test_only_the_fields_asked_for_are_read(openfoam_case: FoamCase) -> None:
    folder = openfoam_case()
    (folder / "10" / "U").write_text("damaged")
    assert list(read_case(folder, ReadOptions(fields=("p",))).fields) == ["p"]


def test_a_missing_field_names_the_case(openfoam_case: FoamCase) -> None:
    with pytest.raises(DataError, match="cubes: expected a field 'T'; there is"):
        read_case(openfoam_case(), ReadOptions(fields=("T",)))


def test_a_missing_time_lists_the_others(openfoam_case: FoamCase) -> None:
    with pytest.raises(DataError, match=r"there is no time 5; it has \[0.0, 10.0\]"):
        read_case(openfoam_case(), ReadOptions(time=5.0))


@pytest.mark.parametrize("name", ["points", "faces", "owner"])
def test_a_truncated_mesh_is_an_error(openfoam_case: FoamCase, name: str) -> None:
    folder = openfoam_case()
    path = folder / "constant" / "polyMesh" / name
    content = path.read_text()
    path.write_text(content[: len(content) - 20])
    with pytest.raises(DataError, match="the OpenFOAM case cannot be read"):
        read_case(folder)


def test_stored_times_are_a_series(openfoam_case: FoamCase) -> None:
    series = read_series(openfoam_case(times=("0", "0.5", "10")))
    assert series.name == "cubes"
    assert series.times.tolist() == [0.0, 0.5, 10.0]
    first, last = series.read_step(0), series.read_step(2)
    assert set(first) == {"U", "p"}
    assert np.allclose(last["p"] - first["p"], 10.0)
    assert first["U"].shape == (6, 2)
    assert series.mesh.units == {"p": "m2/s2", "U": "m/s"}


def test_patches_say_what_the_points_of_a_series_are(openfoam_case: FoamCase) -> None:
    series = read_series(openfoam_case())
    x, y = series.mesh.points.T
    assert (series.node_types[y == 0] == WALL_BOUNDARY).all()
    assert (series.node_types[(x == 0) & (y == 1)] == INFLOW).all()
    assert (series.node_types[(x == 2) & (y == 1)] == OUTFLOW).all()
    assert (series.node_types[(x == 1) & (y == 1)] == NORMAL).all()


def test_a_field_some_times_lack_is_left_out_unless_it_is_named(openfoam_case: FoamCase) -> None:
    folder = openfoam_case()
    (folder / "0" / "U").unlink()
    assert list(read_series(folder).read_step(1)) == ["p"]
    with pytest.raises(DataError, match="expected a field 'U' at every time; there is none at 0"):
        read_series(folder, ReadOptions(fields=("U", "p")))


def test_a_case_without_times_is_no_series(openfoam_case: FoamCase) -> None:
    folder = openfoam_case(times=())
    assert read_case(folder).num_points == 6
    with pytest.raises(DataError, match="expected folders of stored times"):
        read_series(folder)


def test_a_patch_without_faces_is_an_empty_tag(openfoam_case: FoamCase) -> None:
    folder = openfoam_case()
    path = folder / "constant" / "polyMesh" / "boundary"
    text = path.read_text().replace("5\n(", "6\n(")
    nothing = "nothing\n{\n    type patch;\n    nFaces 0;\n    startFace 11;\n}\n"
    path.write_text(text.rstrip().removesuffix(")") + nothing + ")\n")
    for time in ("0", "10"):
        for name in ("p", "U"):
            field = folder / time / name
            field.write_text(
                field.read_text().rstrip()[:-1] + "nothing { type zeroGradient; }\n}\n"
            )
    case = read_case(folder)
    assert not case.boundaries["nothing"].any()
    assert case.boundaries["wall"].sum() == 3


def test_a_wall_patch_that_is_not_there_names_the_patches(openfoam_case: FoamCase) -> None:
    with pytest.raises(DataError, match=r"expected a boundary 'floors' for the wall.*'floor'"):
        read_case(openfoam_case(), ReadOptions(walls=("floors",)))


def test_dimensions_in_words_say_what_to_do(openfoam_case: FoamCase) -> None:
    folder = openfoam_case()
    path = folder / "10" / "U"
    path.write_text(path.read_text().replace("[0 1 -1 0 0 0 0]", "[velocity]"))
    with pytest.raises(DataError, match=r"dimensions must be seven numbers"):
        read_case(folder)


def divided(root: Path, times: tuple[str, ...] = ("0", "10")) -> Path:
    """The two cubes of the fixture, each on a processor of its own; pressure 1 and 3."""
    for number in (0, 1):
        case = root / f"processor{number}"
        mesh = case / "constant" / "polyMesh"
        corners = [(x, y, z) for z in (0, 1) for y in (0, 1) for x in (number, number + 1)]
        faces = [(0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5), (0, 2, 3, 1), (4, 5, 7, 6)]
        if number == 1:
            faces[2], faces[3] = faces[3], faces[2]
        order = [*faces[:3], *faces[4:], faces[3]]  # the face between the processors comes last
        write(mesh / "points", "vectorField", [f"({x} {y} {z})" for x, y, z in corners])
        write(mesh / "faces", "faceList", [f"4({a} {b} {c} {d})" for a, b, c, d in order])
        write(mesh / "owner", "labelList", ["0"] * 6)
        write(mesh / "neighbour", "labelList", [])
        end = "outlet" if number else "inlet"
        patches = [("floor", "wall", 1, 0), ("sky", "patch", 1, 1), (end, "patch", 1, 2)]
        patches += [("sides", "empty", 2, 3), ("between", "processor", 1, 5)]
        write(
            mesh / "boundary",
            "polyBoundaryMesh",
            [f"{n}\n{{\ntype {k};\nnFaces {c};\nstartFace {s};\n}}" for n, k, c, s in patches],
        )
        for time in times:
            kinds = {"empty": "empty", "processor": "processor; value uniform 0"}
            rows = [f"{n} {{ type {kinds.get(k, 'zeroGradient')}; }}" for n, k, _, _ in patches]
            (case / time).mkdir()
            (case / time / "p").write_text(
                "FoamFile { version 2.0; format ascii; class volScalarField; object p; }\n"
                "dimensions [0 2 -2 0 0 0 0];\n"
                f"internalField uniform {1 + 2 * number + float(time)};\n"
                f"boundaryField {{ {' '.join(rows)} }}\n"
            )
    return root


def write(path: Path, kind: str, entries: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f"FoamFile {{ version 2.0; format ascii; class {kind}; object {path.name}; }}\n"
    path.write_text(header + f"{len(entries)}\n(\n" + "\n".join(entries) + "\n)\n")


def test_a_case_divided_among_processors_is_one_mesh(tmp_path: Path) -> None:
    case = read_case(divided(tmp_path / "cubes"), ReadOptions(time=0.0))
    assert case.num_points == 6
    assert case.edges.shape == (2, 7)
    middle = (case.points == [1, 1]).all(axis=1)
    assert case.fields["p"][middle, 0] == pytest.approx(2.0)
    assert "between" not in case.boundaries
    assert case.boundaries["wall"].sum() == 3
    assert case.units == {"p": "m2/s2"}


def test_a_divided_case_is_a_series(tmp_path: Path) -> None:
    series = read_series(divided(tmp_path / "cubes"))
    assert series.times.tolist() == [0.0, 10.0]
    assert np.allclose(series.read_step(1)["p"] - series.read_step(0)["p"], 10.0)


def prism(root: Path) -> Path:
    """One prism, whose upright sides are squares, in OpenFOAM's order."""
    corners = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1)]
    faces = [(0, 2, 1), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)]
    mesh = root / "constant" / "polyMesh"
    write(mesh / "points", "vectorField", [f"({x} {y} {z})" for x, y, z in corners])
    rows = [f"{len(face)}({' '.join(map(str, face))})" for face in faces]
    write(mesh / "faces", "faceList", rows)
    write(mesh / "owner", "labelList", ["0"] * len(faces))
    write(mesh / "neighbour", "labelList", [])
    patch = f"body\n{{\ntype wall;\nnFaces {len(faces)};\nstartFace 0;\n}}"
    write(mesh / "boundary", "polyBoundaryMesh", [patch])
    control = root / "system" / "controlDict"
    control.parent.mkdir()
    control.write_text(
        "FoamFile { version 2.0; format ascii; class dictionary; object controlDict; }\ndeltaT 1;\n"
    )
    return root


@pytest.mark.filterwarnings("error")
def test_prisms_are_the_right_way_round(tmp_path: Path) -> None:
    case = read_case(prism(tmp_path / "prism"))
    (volume,) = case.dataset.compute_cell_sizes().cell_data["Volume"]
    assert volume == pytest.approx(0.5)
    outward = case.points[case.wall.facets].mean(axis=0) - case.points.mean(axis=0)
    assert ((outward * case.wall.facet_normals).sum(axis=1) < 0).all()
