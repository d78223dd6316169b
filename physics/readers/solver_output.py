"""Readers of VTK for the output of solvers, at one time or at each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyvista as pv
from vtkmodules.vtkCommonExecutionModel import vtkAlgorithm, vtkStreamingDemandDrivenPipeline

from graphformers.errors import DataError
from graphformers.physics.mesh_file import first_complaint, single_mesh, vtk_messages
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.point_fields import field_names, point_fields, wanted_names
from graphformers.physics.readers.reader import OpenedMesh, OpenedSeries, PointFields
from graphformers.physics.readers.steps import ascending, chosen_step

MakeReader = Callable[[Path], vtkAlgorithm]  # one that knows its file and has read nothing
TagMore = Callable[[pv.DataSet, Path], None]  # adds tags that VTK does not give


@dataclass(frozen=True, kw_only=True)
class SolverOutput:
    """A format that VTK reads: what the functions of a ``Reader`` need to know of it."""

    make: MakeReader
    tag_more: TagMore | None = None

    def read(self, file: CaseFile, options: ReadOptions) -> OpenedMesh:
        """The mesh and fields of one time."""
        return OpenedMesh(dataset=self.dataset(file.path, options.wanted, options.time))

    def open_series(self, file: CaseFile, options: ReadOptions) -> OpenedSeries:
        """Every time the files hold; ``DataError`` when that is only one."""
        with vtk_messages():
            reader = self.make(file.path)
            reader.UpdateInformation()
            times = _stored_times(reader)
        if len(times) < 2:
            raise DataError(f"{file.where}: expected a solution over time; it holds one time only")
        first = self.dataset(file.path, options.wanted, times[0])
        names = wanted_names(
            field_names(first), options.wanted, file.where, skip_missing=options.skip_missing
        )
        return OpenedSeries(
            mesh=OpenedMesh(dataset=first),
            times=ascending(times, file.where),
            field_names=tuple(names),
            read_step=SolverSteps(
                output=self, path=file.path, times=tuple(times), names=tuple(names)
            ),
        )

    def dataset(self, path: Path, fields: Sequence[str] | None, time: float | None) -> pv.DataSet:
        """One mesh of all blocks, with those arrays VTK can leave out left out."""
        with vtk_messages() as messages:
            reader = self.make(path)
            reader.UpdateInformation()
            if fields is not None:
                _choose_arrays(reader, fields)
            times = _stored_times(reader)
            if times or time is not None:
                reader.UpdateTimeStep(times[chosen_step(times, time, str(path))])
            else:
                reader.Update()
            output = pv.wrap(reader.GetOutputDataObject(0))
            complaint = first_complaint(messages)
        if complaint:
            raise DataError(f"{path}: cannot be read, is it truncated? VTK says: {complaint}")
        mesh = single_mesh(output, str(path))
        mesh.clear_field_data()  # marks of VTK's own, no numbers of the case
        if self.tag_more is not None:
            self.tag_more(mesh, path)
        return mesh


@dataclass(frozen=True, kw_only=True)
class SolverSteps:
    """Reads the fields of one time."""

    output: SolverOutput
    path: Path
    times: tuple[float, ...]
    names: tuple[str, ...]

    def __call__(self, step: int) -> PointFields:
        """Fields at the points of the joined mesh."""
        time = self.times[step]
        dataset = self.output.dataset(self.path, self.names, time)
        return point_fields(dataset, self.names, f"{self.path}, time {time:g}")


def _stored_times(reader: vtkAlgorithm) -> list[float]:
    key = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    return list(reader.GetOutputInformation(0).Get(key) or ())


def _choose_arrays(reader: vtkAlgorithm, fields: Sequence[str]) -> None:
    """Switch other arrays off, unless a field is no array of the file but made of several."""
    arrays = [
        (kind, getattr(reader, f"Get{kind}ArrayName")(number))
        for kind in ("Point", "Cell")
        if hasattr(reader, f"Set{kind}ArrayStatus")
        for number in range(getattr(reader, f"GetNumberOf{kind}Arrays")())
    ]
    if not set(fields) <= {name for _, name in arrays}:
        return
    for kind, name in arrays:
        getattr(reader, f"Set{kind}ArrayStatus")(name, int(name in fields))
