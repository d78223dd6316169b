"""Graphs of the bundled molecules: the sizes and shapes that walks are taken over in practice."""

import csv

import torch
from rdkit import Chem

from graphformers.graph_batch import GraphBatch
from graphformers.molecules.bundled import bundled_table


def bond_graphs(count: int) -> GraphBatch:
    """The first ``count`` molecules of ESOL, from the start again where they do not suffice.

    Bonds are edges in both directions; there are no features.
    """
    with bundled_table("esol").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    molecules = [_bonds(row["smiles"]) for row in rows[:count]]
    every = GraphBatch.concatenate(molecules)
    return every.select(torch.arange(count).remainder(len(molecules)))


def _bonds(smiles: str) -> GraphBatch:
    molecule = Chem.MolFromSmiles(smiles)
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
    onward = torch.tensor(ends, dtype=torch.int64).reshape(-1, 2).T
    atoms = molecule.GetNumAtoms()
    return GraphBatch(
        x=torch.zeros(atoms, 0),
        edge_index=torch.cat([onward, onward.flip(0)], dim=1),
        ptr=torch.tensor([0, atoms]),
    )
