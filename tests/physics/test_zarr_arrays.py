"""Rows appended in small pieces, as they are read again."""

import numpy as np
import pytest

from graphformers.physics import zarr_arrays
from graphformers.physics.zarr_arrays import RowWriter, array_of, open_arrays


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_pieces_stand_below_each_other_however_they_fill_chunks(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(zarr_arrays, "CHUNK_ROWS", chunk)
    pieces = [np.full((size, 2), float(size)) for size in (3, 1, 0, 5, 4)]
    writer = RowWriter(tmp_path)
    for piece in pieces:
        writer.append("values", piece)
        writer.append("nothing", np.empty((0, 3), dtype=np.int32))
    writer.finish("what they mean")

    group = open_arrays(tmp_path)
    np.testing.assert_array_equal(array_of(group, "values")[:], np.concatenate(pieces))
    assert array_of(group, "nothing").shape == (0, 3)
    assert group.attrs["index"] == "what they mean"
