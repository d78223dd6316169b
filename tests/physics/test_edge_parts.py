"""Models on parts of the edges of a mesh."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_reduce
from graphformers.physics import Surrogate, SurrogateConfig, read_cases
from graphformers.physics.edge_parts import PartOfTheEdges, edge_part, predict_in_parts
from graphformers.physics.models import MeshGraphNetConfig, PhysGTO, PhysGTOConfig, StaticTask
from graphformers.training import TrainingConfig

ROUNDING = 1e-6


class Degree(nn.Module):
    """Number of edges at every node, and its first feature."""

    def forward(self, batch):
        ones = torch.ones(batch.num_edges, 1)
        edges = batch.edges
        degree = segment_reduce(ones, edges.row_ptr, "sum", edges.edge)
        degree = degree + segment_reduce(ones, edges.transposed.row_ptr, "sum")
        return torch.cat([degree, batch.x[:, :1]], dim=1)


@pytest.fixture
def batch():
    """A path of five nodes, a lone node, and a triangle: two cases."""
    return GraphBatch(
        x=torch.arange(9.0)[:, None],
        edge_index=torch.tensor([[1, 2, 3, 4, 7, 8, 8], [0, 1, 2, 3, 6, 6, 7]]),
        ptr=torch.tensor([0, 6, 9]),
        positions=torch.randn(9, 2, generator=torch.Generator().manual_seed(0)),
        conditions=torch.tensor([[1.0], [2.0]]),
        target=torch.arange(9.0)[:, None],
        target_per_node=True,
    )


def test_a_part_has_the_chosen_edges_and_the_nodes_at_their_ends(batch):
    part, nodes = edge_part(batch, torch.tensor([6, 1]))
    assert nodes.tolist() == [1, 2, 7, 8]
    assert part.edge_index.tolist() == [[3, 1], [2, 0]]
    assert part.ptr.tolist() == [0, 2, 4]
    assert torch.equal(part.x, batch.x[nodes])
    assert torch.equal(part.positions, batch.positions[nodes])
    assert torch.equal(part.target, batch.target[nodes])
    assert torch.equal(part.conditions, batch.conditions)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.2])
def test_every_edge_is_in_one_part(batch, share):
    parts = []

    def record(part):
        parts.append(part)
        return Degree()(part)

    predict_in_parts(record, batch, share)
    seen = [tuple(row) for part in parts for row in part.x[part.edge_index, 0].long().T.tolist()]
    assert sorted(seen) == sorted(map(tuple, batch.edge_index.T.tolist()))
    assert len(parts) == round(1 / share)


def test_a_node_in_several_parts_gets_the_mean_and_a_lone_node_zero(batch):
    degree, value = predict_in_parts(Degree(), batch, 0.15, seed=1).T
    assert degree.tolist() == [1, 1, 1, 1, 1, 0, 1, 1, 1]  # one edge in every part
    assert value.tolist() == [0, 1, 2, 3, 4, 0, 6, 7, 8]
    whole = predict_in_parts(Degree(), batch, 1.0)[:, 0]
    assert whole.tolist() == [1, 2, 2, 2, 1, 0, 2, 2, 2]


def test_the_partition_is_that_of_the_seed(batch):
    first, again, other = (predict_in_parts(Degree(), batch, 0.4, seed=seed) for seed in (0, 0, 3))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_training_sees_a_share_of_the_edges_and_leaves_the_rest_out(batch):
    torch.manual_seed(0)
    model = PartOfTheEdges(Degree(), share=0.3).train()
    output = model(batch)
    assert output[:, 0].nansum() == 4  # two of seven edges, each with two ends
    assert output[5].isnan().all()
    known = ~output[:, 1].isnan()
    assert torch.equal(output[known, 1], batch.x[known, 0])
    assert not torch.equal(model(batch).isnan(), output.isnan())


def test_evaluation_predicts_from_all_edges_in_parts(batch):
    model = PartOfTheEdges(Degree(), share=0.3).eval()
    assert torch.equal(model(batch), predict_in_parts(Degree(), batch, 0.3))


def test_a_mesh_without_edges_gives_zeros(batch):
    bare = dataclasses.replace(batch, edge_index=batch.edge_index[:, :0])
    assert torch.equal(predict_in_parts(Degree(), bare, 0.5), torch.zeros(9, 2))
    assert PartOfTheEdges(Degree(), share=0.5).train()(bare).isnan().all()


def test_one_part_of_a_model_is_the_model_where_there_are_edges(batch):
    torch.manual_seed(0)
    config = PhysGTOConfig(
        task=StaticTask(conditions=1),
        dim=8,
        heads=2,
        tokens=4,
        blocks=1,
        hidden=8,
        conditioning="added",
        attention="three steps",
        dropout=0.0,
    )
    model = PhysGTO(config).eval()
    joined = torch.cat([torch.arange(5), torch.arange(6, 9)])
    part, nodes = edge_part(batch, torch.arange(7))
    assert torch.equal(nodes, joined)
    whole = predict_in_parts(model, batch, 1.0)
    torch.testing.assert_close(whole[joined], model(part), atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_an_impossible_share_is_refused(share, batch):
    with pytest.raises(ConfigError, match=r"share must lie in \(0, 1\]"):
        predict_in_parts(Degree(), batch, share)
    with pytest.raises(ConfigError, match=r"share must lie in \(0, 1\]"):
        PartOfTheEdges(Degree(), share=share)


@pytest.fixture
def surrogate(ring_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "meshes"))
    config = SurrogateConfig(
        architecture=MeshGraphNetConfig(dim=8, steps=1),
        training=TrainingConfig(epochs=1, batch_size=2, warmup_epochs=0),
        edge_share=0.3,
    )
    return Surrogate("mesh-graph-net", config).fit(ring_folder, ("p", "U"))


def test_a_surrogate_predicts_by_parts_of_the_edges(surrogate, ring_folder):
    case = read_cases(ring_folder)[5]
    scale = surrogate.normalization_
    graph = scale.apply(case.graph(parameters=scale.parameters))
    with torch.no_grad():
        by_parts = scale.restore(predict_in_parts(surrogate.model_, graph, 0.3))
        whole = scale.restore(surrogate.model_(graph))
    predicted = surrogate.predict_fields(case)
    np.testing.assert_allclose(predicted["p"], by_parts["p"], rtol=ROUNDING, atol=ROUNDING)
    assert np.abs(predicted["p"] - whole["p"]).max() > 100 * ROUNDING


def test_a_loaded_surrogate_goes_on_by_parts(surrogate, ring_folder, tmp_path):
    surrogate.save(tmp_path / "model")
    loaded = Surrogate.load(tmp_path / "model")
    case = read_cases(ring_folder)[5]
    np.testing.assert_array_equal(
        loaded.predict_fields(case)["U"], surrogate.predict_fields(case)["U"]
    )


def test_a_model_that_looks_at_no_edges_takes_no_share_of_them():
    with pytest.raises(ConfigError, match="ab-upt does not look at edges"):
        Surrogate("ab-upt", SurrogateConfig(edge_share=0.2))
