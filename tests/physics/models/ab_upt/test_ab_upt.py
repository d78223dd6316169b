"""What an AB-UPT must hold: queries alone, anchors once, cases apart."""

import dataclasses

import pytest
import torch
from torch import nn

from graphformers.benchmarks.memory import allocated_by_torch
from graphformers.errors import ShapeError
from graphformers.physics.models.ab_upt import ABUPT, Branch, Geometry, PointSet

ROUNDING = 1e-10  # double precision
INDEPENDENT = 1e-6  # single precision
NOTICEABLE = 1e-4
SIZES = (30, 9, (4, 20), (7, 11))
OTHERS = [(25, 5, (8, 0), (3, 0)), (3, 1, (1, 1), (1, 1))]


@pytest.fixture
def model(config):
    torch.manual_seed(0)
    model = ABUPT(config(conditions=2)).double().eval()
    for weight in model.parameters():  # freshly drawn ones are so small that little would be seen
        weight.data *= 4
    return model


@pytest.fixture
def inputs(model, case, batch_of):
    """Geometry, anchors, queries and conditions of several cases."""
    cases = [case(model.config, sizes, seed) for seed, sizes in enumerate([SIZES, *OTHERS])]
    conditions = torch.randn(3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return *batch_of(cases), conditions


def first_case(geometry, anchors, queries, conditions):
    """The first of several cases alone."""

    def cut(points):
        return PointSet.single(points.positions[: points.ptr[1]])

    one = Geometry.single(
        geometry.positions[: geometry.ptr[1]], geometry.supernodes[: geometry.supernode_ptr[1]]
    )
    parts = ({name: cut(points) for name, points in some.items()} for some in (anchors, queries))
    return one, *parts, conditions[:1]


def test_a_query_never_changes_the_value_of_another(model, inputs):
    model = model.float()
    geometry, anchors, queries, conditions = first_case(*inputs)
    geometry = dataclasses.replace(geometry, positions=geometry.positions.float())
    anchors = {name: PointSet.single(one.positions.float()) for name, one in anchors.items()}
    cache = model.encode(geometry, anchors, conditions.float())
    for name, points in queries.items():
        positions = points.positions.float()
        together = model.query(cache, name, PointSet.single(positions))
        for number in range(0, len(positions), 5):
            alone = model.query(cache, name, PointSet.single(positions[[number]]))
            assert (alone[0] - together[number]).abs().max() < INDEPENDENT
        moved = torch.cat([positions[:3], positions[3:] + 1])
        among_others = model.query(cache, name, PointSet.single(moved))
        assert (among_others[:3] - together[:3]).abs().max() < INDEPENDENT
        assert (among_others[3:] - together[3:]).abs().max() > NOTICEABLE


def test_a_query_at_an_anchor_gets_what_the_anchor_gets(model, inputs):
    geometry, anchors, _, conditions = inputs
    at_anchors, at_queries = model(geometry, anchors, anchors, conditions)
    for name in at_anchors:
        torch.testing.assert_close(at_queries[name], at_anchors[name], atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("chunk", [7, 1000])
def test_streamed_pieces_are_the_same_fields_in_the_same_order(chunk, model, inputs):
    geometry, anchors, queries, conditions = inputs
    _, expected = model(geometry, anchors, queries, conditions)
    cache = model.encode(geometry, anchors, conditions)
    for name, points in queries.items():
        pieces = list(model.decode(cache, name, points, chunk))
        assert max(map(len, pieces)) <= chunk
        torch.testing.assert_close(torch.cat(pieces), expected[name], atol=ROUNDING, rtol=0)


def test_memory_grows_with_the_piece_and_not_with_the_number_of_queries(model, inputs):
    geometry, anchors, _, conditions = first_case(*inputs)
    cache = model.encode(geometry, anchors, conditions)
    positions = 10 * torch.rand(16_000, 3, dtype=torch.float64)

    def peak(count):
        points = PointSet.single(positions[:count])
        return allocated_by_torch(
            lambda: sum(1 for _ in model.decode(cache, "volume", points, 2000))
        )

    assert 0 < peak(16_000) < 1.5 * peak(4_000)


def test_streaming_keeps_no_graph_and_leaves_gradients_switched_on(model, inputs):
    geometry, anchors, queries, conditions = inputs
    cache = model.encode(geometry, anchors, conditions)
    for piece in model.decode(cache, "volume", queries["volume"], 4):
        assert not piece.requires_grad
        assert torch.is_grad_enabled()


def test_a_batch_gives_what_its_cases_give_one_by_one(model, inputs):
    together = model(*inputs)
    alone = model(*first_case(*inputs))
    for fields, own in zip(together, alone, strict=True):
        for name in fields:
            first = fields[name][: len(own[name])]
            torch.testing.assert_close(first, own[name], atol=ROUNDING, rtol=0)


def test_no_gradient_passes_between_cases(model, inputs):
    geometry, anchors, queries, conditions = inputs
    positions = geometry.positions.clone().requires_grad_()
    conditions = conditions.clone().requires_grad_()
    moved = dataclasses.replace(geometry, positions=positions)
    _, fields = model(moved, anchors, queries, conditions)
    own = queries["volume"].ptr[1]
    wanted = fields["volume"][:own].square().sum()
    by_position, by_condition = torch.autograd.grad(wanted, (positions, conditions))
    assert by_position[: geometry.ptr[1]].abs().max() > 0
    assert by_position[geometry.ptr[1] :].abs().max() == 0
    assert by_condition[0].abs().max() > 0
    assert by_condition[1:].abs().max() == 0


def test_anchors_supernodes_and_points_may_come_in_any_order(model, inputs):
    geometry, anchors, queries, conditions = first_case(*inputs)
    generator = torch.Generator().manual_seed(1)
    config = dataclasses.replace(model.config, max_neighbors=30)
    roomy = ABUPT(config).double()
    roomy.load_state_dict(model.state_dict())
    order = torch.randperm(len(geometry.positions), generator=generator)
    supernodes = order.argsort()[geometry.supernodes]
    shuffled = Geometry.single(geometry.positions[order], supernodes.flip(0))
    turned = {name: PointSet.single(one.positions.flip(0)) for name, one in anchors.items()}
    _, expected = roomy(geometry, anchors, queries, conditions)
    _, ours = roomy(shuffled, turned, queries, conditions)
    for name in expected:
        torch.testing.assert_close(ours[name], expected[name], atol=ROUNDING, rtol=0)


def test_conditions_reach_every_point(model, inputs):
    geometry, anchors, queries, conditions = inputs
    before = model(geometry, anchors, queries, conditions)
    after = model(geometry, anchors, queries, conditions + 1)
    for fields, changed in zip(before, after, strict=True):
        for name in fields:
            assert ((changed[name] - fields[name]).abs().amax(dim=1) > 0).all()


def test_any_number_of_branches_with_fields_of_their_own(config, case, batch_of):
    branches = (
        Branch(name="body", fields={"p": 1}, blocks=1),
        Branch(name="wheels", fields={"p": 1, "tau": 3}, blocks=0, features=2),
        Branch(name="air", fields={"U": 3}, blocks=2),
    )
    three = config(branches=branches)
    torch.manual_seed(0)
    model = ABUPT(three).double()
    sizes = [(10, 3, (4, 2), (0, 0), (5, 1)), (8, 2, (1, 0), (3, 3), (2, 2))]
    geometry, anchors, queries = batch_of([case(three, one) for one in sizes])

    def with_features(points):
        return dataclasses.replace(points, features=points.positions[:, :2] / 10)

    for some in (anchors, queries):
        some["wheels"] = with_features(some["wheels"])
    at_anchors, at_queries = model(geometry, anchors, queries)
    assert {name: tuple(one.shape) for name, one in at_queries.items()} == {
        "body": (2, 1),
        "wheels": (3, 4),
        "air": (3, 3),
    }
    alone = model(*batch_of([case(three, sizes[0])])[:1], *first_case_of_three(anchors, queries))
    torch.testing.assert_close(alone[1]["air"], at_queries["air"][:1], atol=ROUNDING, rtol=0)
    assert branches[1].columns == {"p": slice(0, 1), "tau": slice(1, 4)}
    assert at_anchors["wheels"].isfinite().all()


def first_case_of_three(*parts):
    for some in parts:
        yield {
            name: PointSet.single(
                one.positions[: one.ptr[1]],
                None if one.features is None else one.features[: one.ptr[1]],
            )
            for name, one in some.items()
        }


def test_a_saved_model_gives_the_same_bits(model, inputs, tmp_path):
    model.float().save_pretrained(tmp_path)
    loaded = ABUPT.from_pretrained(tmp_path)
    assert loaded.config == model.config
    geometry, anchors, queries, conditions = inputs
    _, expected = model.double()(geometry, anchors, queries, conditions)
    _, ours = loaded.double()(geometry, anchors, queries, conditions)
    assert all(torch.equal(ours[name], expected[name]) for name in expected)


class OnTensors(nn.Module):
    """A model called with tensors, as torch's exporter wants it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, points, supernodes, surface, volume, queries):
        anchors = {"surface": PointSet.single(surface), "volume": PointSet.single(volume)}
        asked = {"volume": PointSet.single(queries)}
        return self.model(Geometry.single(points, supernodes), anchors, asked)[1]["volume"]


def tensors(config, case, sizes, seed):
    points, supernodes, anchors, queries = case(config, sizes, seed, torch.float32)
    return points, supernodes, *anchors.values(), queries["volume"]


@pytest.fixture
def two_blocks(config):
    """On tensors, to be traced."""
    branches = tuple(dataclasses.replace(one, blocks=0) for one in config().branches)
    blocks = ("perceiver", "cross")
    return OnTensors(ABUPT(config(branches=branches, geometry_blocks=0, blocks=blocks)).eval())


def test_it_compiles_into_one_graph(two_blocks, config, case):
    torch.compiler.reset()
    model = two_blocks
    example = tensors(config(), case, SIZES, 0)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*example), model(*example), atol=INDEPENDENT, rtol=0)


def test_an_exported_model_takes_any_number_of_points(two_blocks, config, case):
    model = two_blocks
    example = tensors(config(), case, SIZES, 0)
    any_size = tuple({0: torch.export.Dim.AUTO} for _ in example)
    exported = torch.export.export(model, example, dynamic_shapes=any_size).module()
    other = tensors(config(), case, (40, 12, (6, 2), (9, 15)), 1)
    torch.testing.assert_close(exported(*other), model(*other), atol=INDEPENDENT, rtol=0)


def test_half_precision_stays_near_single_precision(config, case, batch_of):
    torch.manual_seed(0)
    model = ABUPT(config()).eval()
    arguments = batch_of([case(config(), SIZES, dtype=torch.float32)])
    _, exact = model(*arguments)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, ours = model(*arguments)
    for name, expected in exact.items():
        assert ours[name].dtype == torch.bfloat16
        assert (ours[name] - expected).abs().max() < 0.05 * expected.abs().max()


def test_inputs_that_do_not_fit_are_refused(model, inputs):
    geometry, anchors, queries, conditions = inputs
    with pytest.raises(ShapeError, match="branch 'volume' needs anchors; got those of surface"):
        model(geometry, {"surface": anchors["surface"]}, queries, conditions)
    with pytest.raises(ShapeError, match="the model needs conditions with 2 columns"):
        model(geometry, anchors, queries)
    flat = PointSet.single(anchors["volume"].positions[:, :2])
    with pytest.raises(ShapeError, match="positions must be floating point with 3 columns"):
        model(geometry, anchors | {"volume": flat}, queries, conditions)
    flat_geometry = dataclasses.replace(geometry, positions=geometry.positions[:, :2])
    with pytest.raises(ShapeError, match="positions of the geometry must be floating"):
        model(flat_geometry, anchors, queries, conditions)
    known = dataclasses.replace(
        anchors["volume"], features=torch.zeros(anchors["volume"].num_points, 1).double()
    )
    with pytest.raises(ShapeError, match="branch 'volume' have no features"):
        model(geometry, anchors | {"volume": known}, queries, conditions)
    with pytest.raises(ShapeError, match="features must have a row for each of"):
        dataclasses.replace(known, features=known.features[1:])
