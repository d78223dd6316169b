"""What models tell apart, trained and untrained."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ConfigError
from graphformers.expressivity import (
    MODELS,
    REFERENCES,
    Protocol,
    Sizes,
    Training,
    check_names,
    classes_told_apart,
    compare_pairs,
    cross_validated_accuracy,
    csl_classes,
    encode_in_double,
    read_satisfiability,
    relabelled,
    separated_by_colours,
    separated_by_embeddings,
    strongly_regular_25,
)
from graphformers.expressivity.classification import folds
from graphformers.expressivity.contenders import WALK_STEPS
from graphformers.expressivity.embedding import built, embed, encoded
from graphformers.expressivity.paired_comparison import Comparison, copies_of

BOUND = {
    "gt": "1-wl",
    "mpnn-vn": "1-wl",
    "mpnn-vn-rwse": "1-wl-rwse",
    "gps": "1-wl",
    "gps-rwse": "1-wl-rwse",
    "grit": "wl-rrwp",
    "ppgt": "wl-rrwp",
}
READS_DEGREES = [name for name in BOUND if name != "gt"]  # its weights sum to one at every node
WITHOUT_WALKS = [name for name, bound in BOUND.items() if bound == "1-wl"]
FEW = Protocol(copies=20)
ROUNDING = 1e-12


class CountsTriangles(PretrainedModel):
    """Closed walks of three steps, beside which everything is zero."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(16))
        self.config = None

    def forward(self, batch):
        size = batch.num_nodes
        matrix = torch.zeros(size, size, dtype=self.weight.dtype)
        matrix[batch.edge_index[0], batch.edge_index[1]] = 1.0
        closed = (matrix @ matrix @ matrix).diagonal()
        sums = [part.sum() for part in closed.split(batch.ptr.diff().tolist())]
        return torch.stack(sums).unsqueeze(1) * self.weight


class ReadsNames(PretrainedModel):
    """The name of the first node's first neighbour: different for every copy."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(16))
        self.config = None

    def forward(self, batch):
        first = batch.edge_index[1][batch.edge_ptr[:-1]] - batch.ptr[:-1]
        return torch.nn.functional.one_hot(first, 16).to(self.weight.dtype) * self.weight + 5.0


def test_every_model_has_a_reference_that_bounds_it():
    assert set(BOUND) == set(MODELS)
    assert set(BOUND.values()) < set(REFERENCES)


@pytest.mark.parametrize("name", READS_DEGREES)
def test_an_untrained_model_separates_what_its_reference_does(circles, name):
    bound = separated_by_colours(circles, REFERENCES[BOUND[name]])
    separation = separated_by_embeddings(circles, MODELS[name], (0, 1))
    assert separation.told_apart == bound.told_apart
    assert separation.false_alarms == 0
    assert separation.noise is not None
    assert separation.noise < ROUNDING


@pytest.mark.parametrize("name", MODELS)
def test_no_model_separates_strongly_regular_graphs(name):
    separation = separated_by_embeddings(strongly_regular_25(), MODELS[name], (0,))
    assert not any(separation.told_apart)
    assert separation.false_alarms == 0
    assert separation.smallest is None


@pytest.mark.parametrize("name", MODELS)
def test_csl_is_separated_by_models_that_read_walks_alone(name):
    classes = csl_classes()
    separation = separated_by_embeddings(classes, MODELS[name], (0,))
    expected = 1 if name in WITHOUT_WALKS else 10
    assert classes_told_apart(classes, separation.told_apart) == expected


@pytest.mark.parametrize("name", READS_DEGREES)
def test_node_types_of_files_reach_the_model(satisfiability_file, name):
    read = read_satisfiability(satisfiability_file, "exp")
    expected = (name not in WITHOUT_WALKS, True)
    assert separated_by_embeddings(read, MODELS[name], (0,)).told_apart == expected


@pytest.mark.parametrize("name", MODELS)
def test_embeddings_do_not_depend_on_the_order_of_nodes_and_edges(circles, name):
    model = built(MODELS[name], Sizes(1, 16), 0, torch.float64)
    graphs = encoded(circles.graphs, model, torch.float64)
    moved = relabelled(graphs, torch.Generator().manual_seed(5))
    vectors = embed(model, graphs)
    assert vectors.shape == (3, 16)
    torch.testing.assert_close(embed(model, moved), vectors, rtol=ROUNDING, atol=ROUNDING)


def test_attention_along_edges_does_not_count_neighbours(circles):
    separation = separated_by_embeddings(circles, MODELS["gt"], (0,))
    assert not any(separation.told_apart)


def test_a_seed_stands_for_the_same_weights_and_leaves_the_global_one_alone():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first, second = (built(MODELS["gps"], Sizes(1, 16), 3, torch.float32) for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_pairs_that_a_model_sees_are_told_apart_reliably(circles):
    first, other, _ = compare_pairs(circles, lambda sizes: CountsTriangles(), FEW)
    assert first.told_apart
    assert first.between_copies == 0.0
    assert not other.told_apart  # neither a hexagon nor a star has a triangle


def test_a_model_that_reads_names_is_not_reliable(circles):
    one = Comparison(between_graphs=100.0, between_copies=90.0, threshold=72.3)
    assert one.exceeds
    assert not one.reliable
    assert not one.told_apart
    for comparison in compare_pairs(circles, lambda sizes: ReadsNames(), FEW):
        assert comparison.between_copies > 0.0


@pytest.mark.parametrize(
    "protocol",
    [
        FEW,
        replace(FEW, epochs=1),
        replace(FEW, precision="float32", floor=1e-5),
        replace(FEW, precision="float32", floor=1e-5, epochs=2),
        replace(FEW, seed=4),
    ],
)
def test_a_pair_1_wl_confuses_is_told_apart_with_walks_alone(circles, protocol):
    pair = circles.select_pairs([0])
    (without,) = compare_pairs(pair, MODELS["gps"], protocol)
    (with_walks,) = compare_pairs(pair, MODELS["gps-rwse"], protocol)
    assert not without.told_apart
    assert without.reliable
    assert with_walks.told_apart


def test_training_turns_the_graphs_of_a_pair_apart(circles):
    pair = circles.select_pairs([2])
    untrained = next(iter(compare_pairs(pair, MODELS["gps"], FEW)))
    longer = replace(FEW, epochs=3, learning_rate=1e-2)
    trained = next(iter(compare_pairs(pair, MODELS["gps"], longer)))
    assert trained.between_graphs != untrained.between_graphs
    assert trained.told_apart


def test_comparing_twice_gives_the_same_numbers(circles):
    pair = circles.select_pairs([0])
    first, second = (next(iter(compare_pairs(pair, MODELS["gps-rwse"], FEW))) for _ in range(2))
    assert first == second


def test_copies_do_not_depend_on_how_many_are_made_at_a_time(circles):
    graph = circles.graphs.select([1])
    together = next(copies_of(graph, 6, 6, seed=1))
    parts = list(copies_of(graph, 6, 4, seed=1))
    assert [len(one) for one in parts] == [4, 2]
    assert torch.equal(together.edge_index[:, -24:], parts[1].edge_index + 24)


@pytest.mark.parametrize(
    "settings",
    [{"epochs": -1}, {"precision": "float16"}, {"copies": 16}, {"floor": -1.0}, {"batch": 1}],
)
def test_a_protocol_that_cannot_be_followed_is_refused(settings):
    with pytest.raises(ConfigError, match="got"):
        Protocol(**settings)


def test_folds_leave_every_graph_out_once_and_keep_pairs_together(satisfiability_file):
    read = read_satisfiability(satisfiability_file, "exp")
    parts = [set(one.tolist()) for one in folds(read, Training(folds=2))]
    assert sorted(map(sorted, parts)) == [[0, 1], [2, 3]]


def test_folds_without_pairs_hold_every_class(circles):
    labelled = replace(circles, pairs=torch.zeros(0, 2, dtype=torch.int64), labels=(0, 1, 0))
    six = replace(labelled, graphs=circles.graphs.select([0, 1, 0, 1]), labels=(0, 1, 0, 1))
    for held_out in folds(six, Training(folds=2)):
        assert {six.labels[one] for one in held_out.tolist()} == {0, 1}


def test_classes_that_differ_are_learned(circles):
    ten_each = torch.tensor([0, 2]).repeat(10)
    labelled = replace(
        circles,
        graphs=circles.graphs.select(ten_each),
        pairs=torch.zeros(0, 2, dtype=torch.int64),
        labels=tuple((ten_each // 2).tolist()),
    )
    training = Training(epochs=12, folds=2, batch=4)
    assert cross_validated_accuracy(labelled, MODELS["gps"], training) == 1.0


def test_encodings_of_contenders_have_the_steps_of_the_references(circles):
    model = built(MODELS["gps-rwse"], Sizes(1, 16), 0, torch.float64)
    graphs = encode_in_double(circles.graphs, model.config.encodings)
    assert graphs.encodings["rwse"].shape == (18, WALK_STEPS)


def test_an_unknown_contender_names_the_nearest():
    with pytest.raises(ConfigError, match="no contender 'gps-rswe'; did you mean 'gps-rwse'"):
        check_names(["1-wl", "gps-rswe"])
