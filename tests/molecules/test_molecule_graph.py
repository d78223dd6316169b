from dataclasses import replace

import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.molecules.molecule_graph import MoleculeReader, parse_smiles
from graphformers.molecules.vocabulary import OGB_VOCABULARY, CategoricalFeature

read = MoleculeReader(OGB_VOCABULARY)


def atom_feature(smiles: str, name: str) -> list[int]:
    column = [feature.name for feature in OGB_VOCABULARY.atom].index(name)
    return read(smiles).x[:, column].tolist()


def bond_feature(smiles: str, name: str) -> list[int]:
    column = [feature.name for feature in OGB_VOCABULARY.bond].index(name)
    return read(smiles).edge_attr[::2, column].tolist()


def test_ethanol_reads_as_its_known_categories() -> None:
    graph = read("CCO")
    # carbon 5, oxygen 7; no chirality; degrees 4, 4, 2; charge 0 is index 5; hydrogens; SP3 is 2
    assert graph.x.tolist() == [
        [5, 0, 4, 5, 3, 0, 2, 0, 0],
        [5, 0, 4, 5, 2, 0, 2, 0, 0],
        [7, 0, 2, 5, 1, 0, 2, 0, 0],
    ]
    assert graph.edge_index.tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert graph.edge_attr.tolist() == [[0, 0, 0]] * 4


def test_both_directions_of_a_bond_follow_each_other() -> None:
    graph = read("c1ccccc1C(=O)O")
    assert np.array_equal(graph.edge_index[:, ::2], graph.edge_index[::-1, 1::2])
    assert np.array_equal(graph.edge_attr[::2], graph.edge_attr[1::2])


@pytest.mark.parametrize(
    ("smiles", "name", "expected"),
    [
        ("C[N+](C)(C)C", "formal_charge", [5, 6, 5, 5, 5]),
        ("[CH3]", "radical_electrons", [1]),
        ("C#N", "hybridization", [0, 0]),
        ("FS(F)(F)(F)(F)F", "hybridization", [2, 4, 2, 2, 2, 2, 2]),
        ("[Na+]", "hybridization", [5]),
        ("c1ccccc1", "aromatic", [1] * 6),
        ("C1CC1", "in_ring", [1] * 3),
        ("F[C@H](Cl)Br", "chirality", [0, 2, 0, 0]),
        ("F[C@@H](Cl)Br", "chirality", [0, 1, 0, 0]),
        ("*", "atomic_number", [118]),
        ("C[U]", "atomic_number", [5, 91]),
    ],
)
def test_atom_features(smiles: str, name: str, expected: list[int]) -> None:
    assert atom_feature(smiles, name) == expected


@pytest.mark.parametrize(
    ("smiles", "name", "expected"),
    [
        ("C-C=C-C#C", "bond_type", [0, 1, 0, 2]),
        ("c1cccnc1", "bond_type", [3] * 6),
        ("[NH3]->[Fe]", "bond_type", [4]),
        ("C/C=C\\C", "stereo", [0, 1, 0]),
        ("C/C=C/C", "stereo", [0, 2, 0]),
        ("C=CC=C", "conjugated", [1, 1, 1]),
    ],
)
def test_bond_features(smiles: str, name: str, expected: list[int]) -> None:
    assert bond_feature(smiles, name) == expected


def test_a_single_atom_has_no_edges() -> None:
    graph = read("C")
    assert graph.x.shape == (1, 9)
    assert graph.edge_index.shape == (2, 0)
    assert graph.edge_attr.shape == (0, 3)


def test_a_salt_is_one_graph_of_unconnected_parts() -> None:
    graph = read("[Na+].CC(=O)[O-]")
    assert len(graph.x) == 5
    assert 0 not in graph.edge_index


def test_a_molecule_of_5000_atoms_is_read() -> None:
    graph = read("C" * 5000)
    assert graph.x.shape == (5000, 9)
    assert graph.edge_index.shape == (2, 9998)


def test_what_follows_the_smiles_is_ignored() -> None:
    assert parse_smiles(" CCO éthanol |bad extension|").GetNumAtoms() == 3


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("", "empty"),
        ("  \t", "empty"),
        (None, "no SMILES given"),
        (float("nan"), "no SMILES given"),
        (7, "must be text; got int"),
        ("not a molecule", "not a valid SMILES"),
        ("C1CC", "not a valid SMILES"),
        ("CC(C)(C)(C)C", "Explicit valence for atom # 1 C, 5"),
        ("c1ccc1c", "non-ring atom 4 marked aromatic"),
        ("Cé", "ASCII"),
        ("C\0C", "ASCII"),
        ("C\ud800", "ASCII"),
    ],
)
def test_what_is_no_molecule_is_refused_with_the_reason(smiles: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        parse_smiles(smiles)


def test_a_vocabulary_with_an_unknown_feature_is_refused() -> None:
    novel = CategoricalFeature(name="spin", values=(1, 2), official_unknown=False)
    with pytest.raises(DataError, match=r"cannot read the features \['spin'\]"):
        MoleculeReader(replace(OGB_VOCABULARY, atom=(novel,)))
