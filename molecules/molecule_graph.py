"""From one SMILES string to the categories of its atoms and bonds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from graphformers.errors import DataError
from graphformers.molecules.vocabulary import CategoricalFeature, Category, Vocabulary

Part = TypeVar("Part", Chem.Atom, Chem.Bond)

ATOM_READERS: dict[str, Callable[[Chem.Atom], Category]] = {
    "atomic_number": Chem.Atom.GetAtomicNum,
    "chirality": lambda atom: atom.GetChiralTag().name,
    "degree": Chem.Atom.GetTotalDegree,
    "formal_charge": Chem.Atom.GetFormalCharge,
    "hydrogens": Chem.Atom.GetTotalNumHs,
    "radical_electrons": Chem.Atom.GetNumRadicalElectrons,
    "hybridization": lambda atom: atom.GetHybridization().name,
    "aromatic": Chem.Atom.GetIsAromatic,
    "in_ring": Chem.Atom.IsInRing,
}

BOND_READERS: dict[str, Callable[[Chem.Bond], Category]] = {
    "bond_type": lambda bond: bond.GetBondType().name,
    "stereo": lambda bond: bond.GetStereo().name,
    "conjugated": Chem.Bond.GetIsConjugated,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class MoleculeGraph:
    """One molecule: its atoms in the order of the SMILES, every bond once in each direction."""

    x: NDArray[np.uint8]  # (atoms, atom features)
    edge_index: NDArray[np.int32]  # (2, 2 bonds); bond b is the edges 2 b and 2 b + 1
    edge_attr: NDArray[np.uint8]  # (2 bonds, bond features)


def parse_smiles(smiles: object) -> Chem.Mol:
    """The molecule a SMILES string describes; ``DataError`` with the reason when there is none.

    What follows the SMILES after white space, a name or an extension, is ignored.
    """
    if smiles is None or smiles != smiles:  # data frames write a missing text as NaN
        raise DataError("no SMILES given")
    if not isinstance(smiles, str):
        raise DataError(f"a SMILES must be text; got {type(smiles).__name__}")
    if not smiles.strip():
        raise DataError("the SMILES is empty")
    text = smiles.split()[0]
    if not (text.isascii() and text.isprintable()):
        raise DataError("a SMILES holds printable ASCII characters only")
    molecule = Chem.MolFromSmiles(text)
    if molecule is None:
        raise DataError(_why_not(text))
    if molecule.GetNumAtoms() == 0:
        raise DataError("the molecule has no atoms")
    return molecule


def _why_not(smiles: str) -> str:
    unchecked = Chem.MolFromSmiles(smiles, sanitize=False)
    if unchecked is None:
        return "not a valid SMILES"
    problems = [problem.Message() for problem in Chem.DetectChemistryProblems(unchecked)]
    return "; ".join(problems) if problems else "RDKit cannot sanitize the molecule"


class MoleculeReader:
    """Reads molecules by a vocabulary: ``reader(smiles)`` gives a ``MoleculeGraph``."""

    def __init__(self, vocabulary: Vocabulary):
        self._atom = _readers(vocabulary.atom, ATOM_READERS)
        self._bond = _readers(vocabulary.bond, BOND_READERS)

    def __call__(self, smiles: object) -> MoleculeGraph:
        """The graph of one SMILES; ``DataError`` with the reason when it describes no molecule."""
        molecule = parse_smiles(smiles)
        bonds = list(molecule.GetBonds())
        ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds]
        both_ways = [pair for start, end in ends for pair in ((start, end), (end, start))]
        return MoleculeGraph(
            x=_categories(list(molecule.GetAtoms()), self._atom),
            edge_index=np.array(both_ways, dtype=np.int32).reshape(-1, 2).T,
            edge_attr=_categories(bonds, self._bond).repeat(2, axis=0),
        )


def _readers(
    features: Sequence[CategoricalFeature], known: Mapping[str, Callable[[Part], Category]]
) -> list[tuple[CategoricalFeature, Callable[[Part], Category]]]:
    missing = [feature.name for feature in features if feature.name not in known]
    if missing:
        raise DataError(f"this release cannot read the features {missing}; it knows {list(known)}")
    return [(feature, known[feature.name]) for feature in features]


def _categories(
    parts: Sequence[Part], readers: Sequence[tuple[CategoricalFeature, Callable[[Part], Category]]]
) -> NDArray[np.uint8]:
    rows = [[feature.index(read(part)) for feature, read in readers] for part in parts]
    return np.array(rows, dtype=np.uint8).reshape(len(parts), len(readers))
