"""Graphs at the edge of what models take, and beyond it: clear errors, never a silent number."""

import re
from dataclasses import fields, replace

import pytest
import torch

from graphformers.encodings import LaplacianEigenvectors, RandomWalk, RelativeRandomWalk, encode
from graphformers.errors import DataError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.models import GPS, GRIT, GPSConfig, GRITConfig

ROUNDING = 2e-5


def with_edge(batch: GraphBatch, source: int, target: int) -> GraphBatch:
    """The first edge given other ends, the rest of the batch as it is."""
    edge_index = batch.edge_index.clone()
    edge_index[:, 0] = torch.tensor([source, target])
    return replace(batch, edge_index=edge_index)


def test_an_edge_between_two_graphs_is_named(case):
    batch = with_edge(case.batch(), 0, 16)
    expected = "edge 0 joins node 0 of graph 0 and node 16 of graph 3"
    with pytest.raises(ShapeError, match=expected):
        case.model()(batch)
    with pytest.raises(ShapeError, match=expected):
        encode(batch, case.encodings or [RandomWalk(steps=2)])


@pytest.mark.parametrize(("node", "came"), [(-1, "-1 to 16"), (17, "0 to 17")])
def test_a_node_outside_the_batch_is_named(case, node, came):
    with pytest.raises(ShapeError, match=f"number the 17 nodes .*got {came}"):
        case.model()(with_edge(case.batch(), 0, node))


def test_a_graph_without_nodes_leaves_the_others_alone(case):
    whole = case.batch()
    ptr = torch.cat([whole.ptr[:2], whole.ptr[1:]])  # one more graph, of no nodes, in second place
    model = case.model().eval()
    expected, actual = model(whole), model(replace(whole, ptr=ptr))
    if not case.per_node:
        assert actual[1].isfinite().all()
        actual = torch.cat([actual[:1], actual[2:]])
    torch.testing.assert_close(actual, expected, atol=ROUNDING, rtol=ROUNDING)


def test_no_graphs_give_no_predictions(case):
    nothing = case.batch().select([])
    model = case.model().eval()
    assert model(nothing).shape == (0, *model(case.batch()).shape[1:])


def test_missing_edge_features_are_asked_for(case):
    batch = case.batch()
    if batch.edge_attr is None:
        pytest.skip("reads no edge features")
    with pytest.raises(DataError, match=r"no edge_attr.*edges=NoFeatures\(\)"):
        case.model()(replace(batch, edge_attr=None))


def test_an_unknown_category_names_its_place_and_the_end_of_the_table(case):
    if isinstance(case.nodes, int):
        pytest.skip("reads numbers")
    batch = case.batch()
    x, last = batch.x.clone(), case.nodes[-1]
    x[3, -1] = last
    expected = rf"row 3, column {len(case.nodes) - 1} holds category {last}.*ends at {last - 1}"
    with pytest.raises(DataError, match=expected):
        case.model()(replace(batch, x=x))


def test_numbers_for_categories_and_categories_for_numbers_are_refused(case):
    batch = case.batch()
    numbers = batch.x.is_floating_point()
    other = batch.x.long() if numbers else batch.x.float()
    with pytest.raises(ShapeError, match="int64" if numbers else "integers; got torch.float32"):
        case.model()(replace(batch, x=other))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_name_their_place(case, value):
    if not isinstance(case.nodes, int):
        pytest.skip("reads categories")
    batch = case.batch()
    x = batch.x.clone()
    x[3, 1] = value
    with pytest.raises(DataError, match=f"row 3, column 1 holds {value}"):
        case.model()(replace(batch, x=x))


def with_other_setting(encoding):
    """The same kind of encoding with its first whole number one larger."""
    for one in fields(encoding):
        value = getattr(encoding, one.name)
        if type(value) is int:
            return replace(encoding, **{one.name: value + 1})
    return None


def test_encodings_of_other_settings_are_refused_showing_both(case):
    model, batch = case.model(), case.batch()
    for encoding in case.encodings:
        other = with_other_setting(encoding)
        if other is None:
            continue
        settings = tuple(other if one == encoding else one for one in batch.encoded_with)
        expected = f"{re.escape(str(encoding))}.*{re.escape(str(other))}"
        with pytest.raises(DataError, match=expected):
            model(replace(batch, encoded_with=settings))


def ring(categories: int = 4) -> GraphBatch:
    nodes = torch.arange(6)
    ends = torch.stack([nodes, (nodes + 1) % 6])
    return GraphBatch(
        x=nodes[:, None] % categories,
        edge_index=torch.cat([ends, ends.flip(0)], dim=1),
        ptr=torch.tensor([0, 6]),
        edge_attr=torch.ones(12, dtype=torch.int64),
    )


@pytest.mark.parametrize(
    ("model", "config", "change"),
    [
        (GPS, GPSConfig.zinc(), {"steps": 16}),
        (GRIT, GRITConfig.zinc(), {"steps": 21}),
        (GRIT, GRITConfig.zinc(), {"symmetric": True}),
    ],
    ids=["walk-steps", "pair-walk-steps", "pair-walk-symmetry"],
)
def test_walks_of_other_settings_are_refused(model, config, change):
    (encoding,) = config.encodings or config.pair_encodings
    assert isinstance(encoding, RandomWalk | RelativeRandomWalk)
    encoded = encode(ring(), [replace(encoding, **change)])
    with pytest.raises(DataError, match="this model needs the encoding"):
        model(replace(config, layers=1))(encoded)


def test_eigenvectors_of_another_normalisation_are_refused():
    config = GPSConfig.cluster()
    (encoding,) = config.encodings
    assert isinstance(encoding, LaplacianEigenvectors)
    other = next(one for one in ("sym", "rw", "none") if one != encoding.normalization)
    numbers = replace(ring(), x=torch.randn(6, 7), edge_attr=None)
    encoded = encode(numbers, [replace(encoding, normalization=other)])
    with pytest.raises(DataError, match=f"{encoding.normalization!r}.*{other!r}"):
        GPS(replace(config, layers=1))(encoded)
