"""Series on disk as a store, imported once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from graphformers.errors import ConfigError
from graphformers.physics.case_files import find_cases
from graphformers.physics.mesh_series import MeshSeries
from graphformers.physics.mesh_store import default_folder, fingerprint
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.numbered_files import numbered_files
from graphformers.physics.reading import iter_series, read_series
from graphformers.physics.series_store import SeriesStore

SUFFIX = ".series.zarr"


def series_in(sources: Sequence[str | Path], options: ReadOptions) -> Iterator[MeshSeries]:
    """The series of files and folders, one after the other; none is kept.

    A folder whose files are numbered is one series; any other holds a series in each of its cases.
    """
    for source in sources:
        if numbered_files(source):
            yield read_series(source, options)
        else:
            yield from iter_series(source, options)


def import_series(
    sources: Sequence[str | Path],
    options: ReadOptions,
    *,
    path: str | Path | None = None,
) -> SeriesStore:
    """The store of these series, written on the first call and opened on later ones.

    Without ``path`` it lies in ``default_folder()`` under a name made of the files' paths, sizes,
    times of change and the options. A single source that is a store already is opened. Raises
    ``ConfigError`` for options with inputs, which series do not have.
    """
    if options.inputs:
        raise ConfigError(
            "a step is predicted from the fields before it: name "
            f"{', '.join(options.inputs)} among the fields, not the inputs"
        )
    if len(sources) == 1 and is_series_store(sources[0]):
        return SeriesStore(sources[0])
    if path is None:
        files = [file for source in sources for file in _files(source)]
        path = default_folder() / f"{fingerprint(files, options.as_document())}{SUFFIX}"
        if path.is_dir():
            return SeriesStore(path)
    return SeriesStore.write(
        series_in(sources, options),
        path,
        fields=options.fields or (),
        parameters=options.parameters,
    )


def is_series_store(path: str | Path) -> bool:
    """A folder that ``SeriesStore.write`` made."""
    return (Path(path) / "states").is_dir() and (Path(path) / "node_types").is_dir()


def _files(source: str | Path) -> list[CaseFile]:
    numbered = numbered_files(source)
    return [CaseFile(name=one.stem, path=one) for one in numbered] or find_cases(source)
