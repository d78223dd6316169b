"""The estimator on graphs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from graphformers.errors import ConfigError, DataError
from graphformers.graphs import GraphPredictor, from_data
from graphformers.systems import SYSTEMS
from graphformers.tasks import Split
from graphformers.training import TrainingConfig

QUICK = TrainingConfig(epochs=1, batch_size=5, warmup_epochs=0.0)
SPLIT = Split.of(train=range(10), validation=range(10, 13), test=range(13, 16))


def with_edges(items, *, numeric):
    for item in items:
        kinds = torch.arange(item.num_edges)[:, None] % 2
        item.edge_attr = kinds.float() if numeric else kinds
    return items


@pytest.mark.parametrize("model", SYSTEMS)
def test_every_model_tells_classes_and_is_read_back_to_the_same_bits(
    model, rings_and_chains, tmp_path
):
    graphs = from_data(with_edges(rings_and_chains, numeric=model in ("grit", "gt")))
    predictor = GraphPredictor(model, training=QUICK).fit(graphs, split=SPLIT)
    columns = predictor.predict_columns(graphs)
    assert columns.shape == (16, 2)
    np.testing.assert_allclose(columns.sum(axis=1), 1.0, rtol=1e-6)
    predictor.save(tmp_path)
    loaded = GraphPredictor.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict_columns(graphs), columns)
    assert set(loaded.predict(graphs)) <= {"0", "1"}


def test_it_learns_to_tell_rings_from_chains(rings_and_chains):
    graphs = from_data(rings_and_chains)
    training = TrainingConfig(epochs=25, batch_size=5, learning_rate=3e-3, warmup_epochs=1.0)
    predictor = GraphPredictor(training=training).fit(graphs, split=SPLIT)
    assert (predictor.predict(graphs) == graphs.targets).mean() >= 15 / 16


@pytest.mark.parametrize("model", ["gps", "ppgt"])
def test_nodes_have_predictions_of_their_own(model, chain):
    items = [chain(nodes, y=torch.arange(nodes) % 2) for nodes in (3, 4, 1, 5, 6, 2)]
    graphs = from_data(items)
    split = Split.of(train=range(4), validation=[4], test=[5])
    predictor = GraphPredictor(model, training=QUICK).fit(graphs, split=split)
    assert predictor.predict(graphs).shape == (21,)


def test_several_targets_with_gaps_and_numeric_nodes(chain):
    items = [
        chain(n, x=torch.randn(n, 3), y=torch.tensor([[n + 0.5, np.nan if n == 4 else -n]]))
        for n in range(1, 9)
    ]
    graphs = from_data(items)
    predicted = GraphPredictor(training=QUICK).fit(graphs).predict(graphs)
    assert predicted.shape == (8, 2)
    assert np.isfinite(predicted).all()


def test_odd_graphs_are_trained_on_and_predicted(chain):
    """Directed, with repeated edges and loops, with isolated nodes, of a single node."""
    edges = torch.tensor([[0, 0, 1, 1], [1, 1, 1, 2]])
    odd = [chain(5, edge_index=edges), chain(1), chain(3, edge_index=torch.zeros(2, 0).long())]
    graphs = from_data([*odd, *(chain(n) for n in range(2, 7))])
    labelled = replace(graphs, targets=np.arange(8.0)[:, None] + 0.5)
    for model in SYSTEMS:
        predictor = GraphPredictor(model, training=QUICK).fit(labelled)
        assert np.isfinite(predictor.predict(graphs)).all(), model


def test_a_graph_with_an_unseen_category_is_predicted_as_nan_with_a_reason(rings_and_chains):
    rings_and_chains[14].x[0] = 77
    graphs = from_data(rings_and_chains)
    predictor = GraphPredictor(training=QUICK).fit(graphs, split=SPLIT)
    missing = np.isnan(predictor.predict_columns(graphs)).any(axis=1)
    assert np.flatnonzero(missing).tolist() == [14]
    assert [one.name for one in predictor.bad_graphs_] == ["graph 14"]
    assert "category" in predictor.bad_graphs_[0].reason
    assert predictor.predict(graphs)[14] == ""


def test_a_class_that_only_the_test_part_has_is_refused(rings_and_chains):
    rings_and_chains[15].y = torch.tensor([2])
    with pytest.raises(DataError, match="not among the 2 of the training part: 2"):
        GraphPredictor(training=QUICK).fit(from_data(rings_and_chains), split=SPLIT)


def test_an_interrupted_run_resumes_to_the_same_predictor(rings_and_chains, tmp_path):
    graphs = from_data(rings_and_chains)
    constant = replace(QUICK, epochs=2, schedule="constant")
    whole = clone(GraphPredictor("gt", training=constant)).fit(graphs, split=SPLIT)
    first = GraphPredictor("gt", training=replace(constant, epochs=1))
    first.fit(graphs, split=SPLIT, folder=tmp_path)
    resumed = GraphPredictor("gt", training=constant)
    resumed.fit(graphs, split=SPLIT, folder=tmp_path, resume=True)
    np.testing.assert_array_equal(resumed.predict_columns(graphs), whole.predict_columns(graphs))


def test_positions_reach_a_model_that_reads_them(chain):
    items = [chain(n, pos=torch.randn(n, 2), y=torch.tensor([n % 2])) for n in range(2, 8)]
    split = Split.of(train=range(4), validation=[4], test=[5])
    predictor = GraphPredictor("ppgt", preset="cifar10", training=QUICK)
    predictor.fit(from_data(items), split=split)
    moved = [item.clone() for item in items]
    for item in moved:
        item.pos = 3 * item.pos
    columns = [predictor.predict_columns(from_data(one)) for one in (items, moved)]
    assert not np.allclose(*columns)
    for item in moved:
        item.pos = None
    with pytest.raises(DataError, match="positions"):
        predictor.predict(from_data(moved))


def test_mistakes_name_what_is_there(rings_and_chains):
    graphs = from_data(rings_and_chains)
    with pytest.raises(ConfigError, match="did you mean 'grit'"):
        GraphPredictor("grid").fit(graphs)
    with pytest.raises(ConfigError, match="to predict for graphs, gps has no preset"):
        GraphPredictor(preset="cluster").fit(graphs, split=SPLIT)
    with pytest.raises(DataError, match="needs targets"):
        GraphPredictor().fit(replace(graphs, targets=None))
    with pytest.raises(NotFittedError):
        GraphPredictor().predict(graphs)
