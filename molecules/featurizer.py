"""From a column of SMILES to graphs, over all processor cores."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import cast

from joblib import Parallel, cpu_count, delayed
from rdkit import rdBase

from graphformers.errors import DataError
from graphformers.molecules.featurized import BadRow, FeaturizedMolecules
from graphformers.molecules.molecule_graph import MoleculeReader
from graphformers.molecules.vocabulary import OGB_VOCABULARY, Vocabulary

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with the number of rows done and the number of all rows."""

CHUNK_ROWS = 1024
POOL_ROWS = 8192  # fewer are read in the time it takes to start the worker processes


def featurize(
    smiles: Sequence[object],
    *,
    vocabulary: Vocabulary = OGB_VOCABULARY,
    workers: int | None = None,
    progress: Progress | None = None,
) -> FeaturizedMolecules:
    """Read every SMILES of a column; rows without a molecule are reported, never dropped.

    ``workers`` is the number of processes: by default one for short columns and one per core for
    long ones. The result does not depend on it. No ``__main__`` guard is needed, since the workers
    do not run the caller's script. Where none can be started the work is done in this process.
    """
    if isinstance(smiles, str):
        raise DataError("featurize takes a sequence of SMILES; for one molecule write [smiles]")
    MoleculeReader(vocabulary)  # a vocabulary this release cannot read fails here, before the work
    if workers is None:
        workers = 1 if len(smiles) < POOL_ROWS else cpu_count()
    parts: list[FeaturizedMolecules] = []
    for part in _featurized_chunks(list(smiles), vocabulary, workers):
        parts.append(part)
        if progress is not None:
            progress(min(len(parts) * CHUNK_ROWS, len(smiles)), len(smiles))
    return FeaturizedMolecules.concatenate(parts)


def featurize_chunk(
    column: Sequence[object], first_row: int, vocabulary: Vocabulary
) -> FeaturizedMolecules:
    """Read a few rows in this process; the first one has the number ``first_row``."""
    read = MoleculeReader(vocabulary)
    graphs, rows, bad_rows = [], [], []
    with rdBase.BlockLogs():
        for row, smiles in enumerate(column, start=first_row):
            try:
                graphs.append(read(smiles))
                rows.append(row)
            except DataError as error:
                shown = "" if smiles is None else str(smiles)
                bad_rows.append(BadRow(row=row, smiles=shown, reason=str(error)))
    feature_counts = len(vocabulary.atom), len(vocabulary.bond)
    return FeaturizedMolecules.from_graphs(graphs, rows, bad_rows, feature_counts)


def _featurized_chunks(
    column: list[object], vocabulary: Vocabulary, workers: int
) -> Iterator[FeaturizedMolecules]:
    firsts = range(0, max(len(column), 1), CHUNK_ROWS)
    jobs = [(column[first : first + CHUNK_ROWS], first, vocabulary) for first in firsts]
    done = 0
    if workers > 1 and len(jobs) > 1:
        # loky starts clean interpreters: no fork of a process with threads, no import of __main__.
        pool = Parallel(n_jobs=workers, backend="loky", return_as="generator")
        parts = pool(delayed(featurize_chunk)(*job) for job in jobs)
        try:
            for part in cast("Iterator[FeaturizedMolecules]", parts):
                yield part
                done += 1
        except (BrokenProcessPool, OSError) as error:
            logger.warning("worker processes failed (%s); going on in this process", error)
    for job in jobs[done:]:
        yield featurize_chunk(*job)
