"""Make the small set of airfoil cases that is bundled with the package from a full folder.

    python examples/airfoils/subset.py FULL_FOLDER physics/data/airfoils

Each mesh is cropped around the airfoil, its points are put in an order in which neighbours are
close, coordinates and fields are rounded to a fixed step, and the file is packed with LZMA: 70 kB a
case in place of 320 kB. Cases keep their names and their split; the first of each split are taken.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pyvista as pv
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee
from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

from graphformers.files import replacing
from graphformers.physics import mesh_edges

sys.path.append(str(Path(__file__).parents[1]))  # where solved_cases lies

from solved_cases.case_folder import read_rows, write_rows

CASES_PER_SPLIT = {"train": 80, "val": 8, "test": 16}
BOX = (-0.75, 2.0, -0.75, 0.75)  # chords; cells whose middle lies inside stay
LENGTH_STEP = 2.0**-17  # chords: 1.3 % of the thinnest cell
FIELD_STEP = 2.0**-12  # of the free-stream velocity, of its square for the pressure
UNITS = ["p: m2/s2", "U: m/s"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("full", type=Path)
    parser.add_argument("subset", type=Path)
    arguments = parser.parse_args()
    rows = read_rows(arguments.full / "cases.csv")
    chosen = [row for split in CASES_PER_SPLIT for row in first_of_split(rows, split)]
    chosen.sort(key=lambda row: row["case"])
    for row in chosen:
        name = f"{row['case']}.vtu"
        mesh = small_mesh(pv.read(arguments.full / name))
        write_packed(mesh, arguments.subset / name)
        row["points"], row["cells"] = str(mesh.n_points), str(mesh.n_cells)
    write_rows(chosen, arguments.subset / "cases.csv")


def first_of_split(rows: list[dict[str, str]], split: str) -> list[dict[str, str]]:
    return [row for row in rows if row["split"] == split][: CASES_PER_SPLIT[split]]


def small_mesh(full: pv.UnstructuredGrid) -> pv.UnstructuredGrid:
    """Crop, renumber, round and keep only ``p``, ``U``, ``wall`` and the numbers of the case."""
    x, y, _ = np.asarray(full.cell_centers().points).T
    left, right, low, high = BOX
    cropped = full.extract_cells(np.flatnonzero((x > left) & (x < right) & (y > low) & (y < high)))
    order = neighbourly_order(cropped)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    cells = sorted(
        (int(kind), rotated(number[ids]))
        for kind, ids in zip(cropped.celltypes, cell_points(cropped), strict=True)
    )
    connectivity = np.concatenate([[len(ids), *ids] for _, ids in cells])
    mesh = pv.UnstructuredGrid(
        connectivity,
        np.asarray([kind for kind, _ in cells], dtype=np.uint8),
        rounded(np.asarray(cropped.points)[order], LENGTH_STEP),
    )
    mesh.point_data["p"] = rounded(np.asarray(cropped["p"])[order], FIELD_STEP)
    mesh.point_data["U"] = rounded(np.asarray(cropped["U"])[order], FIELD_STEP)
    mesh.point_data["wall"] = np.asarray(cropped["wall"])[order].astype(np.uint8)
    for name in full.field_data:
        mesh.field_data[name] = full.field_data[name]
    mesh.field_data["units"] = UNITS
    return mesh


def neighbourly_order(mesh: pv.UnstructuredGrid) -> np.ndarray:
    """Points in reverse Cuthill-McKee order: small differences pack well and gather fast."""
    one, other = mesh_edges(mesh)
    shape = (mesh.n_points, mesh.n_points)
    links = coo_matrix((np.ones(2 * len(one)), (np.r_[one, other], np.r_[other, one])), shape)
    return np.asarray(reverse_cuthill_mckee(links.tocsr(), symmetric_mode=True)).astype(np.int64)


def cell_points(mesh: pv.UnstructuredGrid) -> list[np.ndarray]:
    starts = pv.convert_array(mesh.GetCells().GetOffsetsArray())
    return np.split(np.asarray(mesh.cell_connectivity), np.asarray(starts)[1:-1])


def rotated(ids: np.ndarray) -> tuple[int, ...]:
    """The same polygon, starting at its smallest number."""
    return tuple(int(one) for one in np.roll(ids, -int(np.argmin(ids))))


def rounded(values: np.ndarray, step: float) -> np.ndarray:
    return (np.round(values.astype(np.float64) / step) * step + 0.0).astype(np.float32)


def write_packed(mesh: pv.UnstructuredGrid, path: Path) -> None:
    writer = vtkXMLUnstructuredGridWriter()
    writer.SetInputData(mesh)
    writer.SetDataModeToAppended()
    writer.EncodeAppendedDataOff()
    writer.SetCompressorTypeToLZMA()
    writer.SetCompressionLevel(9)
    writer.SetBlockSize(1 << 22)
    writer.SetHeaderTypeToUInt32()
    with replacing(path) as temporary:
        writer.SetFileName(str(temporary))
        if not writer.Write():
            raise OSError(f"{path}: VTK could not write the file")


if __name__ == "__main__":
    main()
