from importlib.resources import files

import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.molecules.bundled import TARGET_COLUMNS, bundled_table
from graphformers.molecules.featurizer import featurize
from graphformers.molecules.table import read_table

ROWS = {"esol": 1128, "freesolv": 642}


@pytest.mark.parametrize("name", list(TARGET_COLUMNS))
def test_a_bundled_table_is_read_without_settings(name: str) -> None:
    table = read_table(bundled_table(name))
    assert table.smiles_column == "smiles"
    assert table.target_names == (TARGET_COLUMNS[name],)
    assert len(table) == ROWS[name]
    assert not np.isnan(table.targets).any()


@pytest.mark.parametrize("name", list(TARGET_COLUMNS))
def test_every_bundled_molecule_is_valid(name: str) -> None:
    assert featurize(read_table(bundled_table(name)).smiles).bad_rows == ()


def test_the_tables_come_with_a_word_on_their_origin() -> None:
    notes = (files("graphformers.molecules") / "data" / "README.md").read_text("utf-8")
    assert all(f"`{name}.csv`" in notes for name in TARGET_COLUMNS)


def test_an_unknown_table_is_refused_with_the_nearest() -> None:
    with pytest.raises(DataError, match="did you mean 'freesolv'"):
        bundled_table("FreeSolv")
