"""``graphformers physics import``: cases or series into one store, at constant memory."""

import logging
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from graphformers.errors import DataError
from graphformers.physics.case_files import find_cases
from graphformers.physics.command_text import names
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.reading import read_case
from graphformers.physics.series_import import import_series

logger = logging.getLogger(__name__)


def add_import_arguments(parser: ArgumentParser) -> None:
    """Sources, what is taken from them, and where it goes."""
    parser.add_argument("sources", nargs="+", type=str, help="folders, files or OpenFOAM cases")
    parser.add_argument("--out", required=True, help="folder of the store, such as cases.zarr")
    parser.add_argument("--fields", help="fields to keep; default: all those of the first case")
    parser.add_argument("--inputs", help="fields that a model is given at every point")
    parser.add_argument("--parameters", help="global inputs; default: the known ones of the cases")
    parser.add_argument("--transient", action="store_true", help="import series, not single cases")
    parser.add_argument("--scale", type=float, default=1.0, help="metres in one unit of length")


def import_cases(options: Namespace) -> None:
    """Write the store; an interruption leaves what was there before."""
    read = ReadOptions(
        fields=names(options.fields),
        inputs=names(options.inputs) or (),
        parameters=names(options.parameters),
        scale=options.scale,
    )
    if options.transient:
        if not read.fields:
            raise DataError("name the fields of the series, for example --fields velocity")
        store = import_series(options.sources, read, path=options.out)
        logger.info("%d series, %d steps written to %s", len(store.names), len(store), options.out)
        return
    cases = (read_case(file, read) for file in find_cases(options.sources))
    store = MeshStore.write(
        cases, Path(options.out), fields=read.fields, parameters=read.parameters
    )
    logger.info("%d cases written to %s", len(store), options.out)
