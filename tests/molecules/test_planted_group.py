"""Attributions find the atoms that a label was made from."""

import csv
from dataclasses import replace

import pytest
import torch
from rdkit import Chem

from graphformers.explain import integrated_gradients, mean_input, occlusion
from graphformers.graph_batch import GraphBatch
from graphformers.models import GPS
from graphformers.molecules import OGB_VOCABULARY, bundled_table, featurize
from graphformers.molecules.architecture import config_for_molecules
from graphformers.training import MaskedRegression, TrainingConfig, fit

AMIDE = Chem.MolFromSmarts("C(=O)[NX3]")
FOUND = 0.9  # of the molecules
METHODS = {"integrated gradients": integrated_gradients, "occlusion": occlusion}


def amide_atoms(smiles: str) -> set[int]:
    molecule = Chem.MolFromSmiles(smiles)
    return {atom for match in molecule.GetSubstructMatches(AMIDE) for atom in match}


@pytest.fixture(scope="module")
def molecules() -> tuple[GraphBatch, torch.Tensor]:
    """Molecules with the number of their amides as target, and the atoms of those."""
    with bundled_table("esol").open(encoding="utf-8") as file:
        every = [row["smiles"] for row in csv.DictReader(file)]
    having = [one for one in every if amide_atoms(one)]
    smiles = having + [one for one in every if not amide_atoms(one)][: len(having)]
    counts = [len(Chem.MolFromSmiles(one).GetSubstructMatches(AMIDE)) for one in smiles]
    graphs = replace(featurize(smiles).graphs, target=torch.tensor(counts).float()[:, None])
    planted = torch.zeros(graphs.num_nodes, dtype=torch.bool)
    for start, one in zip(graphs.ptr.tolist(), smiles, strict=False):
        planted[[start + atom for atom in amide_atoms(one)]] = True
    return graphs, planted


@pytest.fixture(scope="module")
def model(molecules) -> GPS:
    graphs, _ = molecules
    small = config_for_molecules("gps", "small", OGB_VOCABULARY, 1)
    torch.manual_seed(0)
    model = GPS(replace(small, layers=2, dim=32, random_walk=None, dropout=0.0))
    training = TrainingConfig(epochs=12, warmup_epochs=1, learning_rate=3e-3, threads=1)
    order = torch.randperm(len(graphs))
    fit(model, MaskedRegression(), graphs.select(order[60:]), graphs.select(order[:60]), training)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("start", ["zero", "mean"])
@pytest.mark.parametrize("name", METHODS)
def test_planted_atoms_add_to_the_prediction_and_more_than_others(molecules, model, name, start):
    graphs, planted = molecules
    baseline = mean_input(model, graphs) if start == "mean" else None
    contributions = METHODS[name](model, graphs, baseline=baseline)
    found = []
    for graph in range(len(graphs)):
        atoms = slice(int(graphs.ptr[graph]), int(graphs.ptr[graph + 1]))
        mine, of_group = contributions[atoms], planted[atoms]
        if of_group.any() and not of_group.all():
            found.append(mine[of_group].mean() > mine[~of_group].mean().clamp(min=0.0))
    assert len(found) > 200
    assert torch.stack(found).float().mean() > FOUND
