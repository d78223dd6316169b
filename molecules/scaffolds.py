"""Bemis-Murcko scaffolds: the rings of a molecule and what links them."""

from collections.abc import Sequence

from rdkit import rdBase
from rdkit.Chem.Scaffolds import MurckoScaffold

from graphformers.errors import DataError
from graphformers.molecules.molecule_graph import parse_smiles


def murcko_scaffolds(smiles: Sequence[str]) -> list[str]:
    """Scaffold of every molecule as a canonical SMILES with chirality; empty without any ring.

    Source: Bemis and Murcko 1996, J. Med. Chem. 39, 2887.
    """
    with rdBase.BlockLogs():
        return [_scaffold(one, row) for row, one in enumerate(smiles)]


def _scaffold(smiles: str, row: int) -> str:
    try:
        molecule = parse_smiles(smiles)
    except DataError as error:
        raise DataError(f"row {row + 1} has no scaffold: {error}") from error
    return MurckoScaffold.MurckoScaffoldSmiles(mol=molecule, includeChirality=True)
