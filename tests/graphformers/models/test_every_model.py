"""What every graph model here must do, whatever is inside it."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch

ROUNDING = 2e-5  # float32, sums in another order
HALF_PRECISION = 0.1  # relative, of outputs whose activations have eight bits
LEARNED = 0.05  # of the variance of the targets
SIZES = (5, 1, 8, 3)


def relabelled(batch: GraphBatch) -> tuple[GraphBatch, torch.Tensor]:
    """The same graphs with their nodes in another order; new node i was node order[i]."""
    generator = torch.Generator().manual_seed(1)
    starts, sizes = batch.ptr[:-1].tolist(), batch.ptr.diff().tolist()
    mixed = [torch.randperm(size, generator=generator) for size in sizes]
    order = torch.cat([start + one for start, one in zip(starts, mixed, strict=True)])
    new_number, pairs = order.argsort(), old_pairs(batch, order)
    graph = batch.edge_graph
    shuffle = torch.randperm(batch.num_edges, generator=generator)
    shuffle = shuffle[graph[shuffle].argsort(stable=True)]
    changed = replace(
        batch,
        x=batch.x[order],
        edge_index=new_number[batch.edge_index][:, shuffle],
        edge_attr=None if batch.edge_attr is None else batch.edge_attr[shuffle],
        positions=None if batch.positions is None else batch.positions[order],
        encodings={name: value[order] for name, value in batch.encodings.items()},
        pair_encodings={name: value[pairs] for name, value in batch.pair_encodings.items()},
    )
    return changed, order


def old_pairs(batch: GraphBatch, order: torch.Tensor) -> torch.Tensor:
    """Row among the pairs of a batch of every pair of the batch in another order."""
    source, target = order[batch.pairs.edge_index]
    graph = batch.batch[target]
    first, size = batch.ptr[graph], batch.ptr.diff()[graph]
    return batch.pair_ptr[graph] + (target - first) * size + source - first


def test_relabelling_nodes_relabels_node_outputs_and_leaves_graph_outputs(case):
    model, batch = case.model().eval(), case.batch()
    changed, order = relabelled(batch)
    expected = model(batch)
    if case.per_node:
        expected = expected[order]
    torch.testing.assert_close(model(changed), expected, atol=ROUNDING, rtol=ROUNDING)


def test_a_batch_gives_what_its_graphs_give_alone(case):
    model, batch = case.model().eval(), case.batch()
    alone = torch.cat([model(batch.select([graph])) for graph in range(len(batch))])
    torch.testing.assert_close(model(batch), alone, atol=ROUNDING, rtol=ROUNDING)


def test_no_gradient_flows_between_graphs(case):
    model, batch = case.model().eval(), case.batch()
    read = {name: value for name, value in batch.encodings.items() if name not in case.unread}
    for value in (*read.values(), *batch.pair_encodings.values()):
        if value.is_floating_point():
            value.requires_grad_()
    output = model(batch)
    chosen = 2
    nodes, pairs = (slice(ptr[chosen], ptr[chosen + 1]) for ptr in (batch.ptr, batch.pair_ptr))
    output[nodes if case.per_node else chosen].sum().backward()
    for rows, encodings in ((nodes, read), (pairs, batch.pair_encodings)):
        for value in (one for one in encodings.values() if one.requires_grad):
            own = torch.zeros(value.shape[0], dtype=torch.bool)
            own[rows] = True
            assert value.grad[own].abs().max() > 0
            assert value.grad[~own].abs().max() == 0


@pytest.mark.slow  # with run-time shape checks
def test_it_learns_eight_graphs_by_heart(case):
    model, batch = case.model(), case.batch(sizes=(7, 4, 8, 5, 6, 9, 3, 10))
    for module in model.modules():  # attention dropout 0.5 is there to prevent exactly this
        if hasattr(module, "dropout") and isinstance(module.dropout, float):
            module.dropout = 0.0
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    torch.manual_seed(0)
    target = torch.randn_like(model(batch))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(300):
        loss = (model(batch) - target).square().mean()
        if loss < LEARNED * target.var():
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < LEARNED * target.var()


def test_a_saved_model_comes_back_with_the_same_bits(case, tmp_path):
    model, batch = case.model(), case.batch()
    model(batch)  # moves the running statistics, which must be saved as well
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path)
    assert loaded.config == model.config
    assert torch.equal(loaded(batch), model.eval()(batch))


def test_it_compiles_into_one_graph_for_any_sizes(case):
    if "hops" in case.name:
        pytest.skip("the number of near pairs is data, and BatchNorm wants to know it of its rows")
    torch.compiler.reset()  # the limit of recompilations counts those of all models together
    model = case.model().eval()
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend="eager")
    for sizes in (SIZES, (2, 9, 4)):
        batch = case.batch(sizes)
        assert batch.pairs.num_edges == sum(size**2 for size in sizes)
        assert batch.edges.transposed.num_edges == batch.num_edges
        torch.testing.assert_close(compiled(batch), model(batch), atol=ROUNDING, rtol=ROUNDING)


class FromTensors(nn.Module):
    """A model called with tensors, as the exporter wants it."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, x, edge_index, ptr, edge_attr, positions, encodings, pair_encodings):
        return self.model(
            GraphBatch(
                x=x,
                edge_index=edge_index,
                ptr=ptr,
                edge_attr=edge_attr,
                positions=positions,
                encodings=encodings,
                pair_encodings=pair_encodings,
            )
        )


def tensors(batch: GraphBatch) -> tuple:
    graph = (batch.x, batch.edge_index, batch.ptr, batch.edge_attr, batch.positions)
    return *graph, dict(batch.encodings), dict(batch.pair_encodings)


def test_an_exported_model_takes_any_number_of_graphs(case):
    if "sparse" in case.name:
        pytest.skip("the number of pairs is data, which the exporter cannot see")
    model, example = case.model().eval(), case.batch()
    largest = 2**28  # kernels index with 32 bits, and some models make several rows of a node
    nodes, edges, graphs, pairs = (
        torch.export.Dim(name, min=smallest, max=largest)
        for name, smallest in (("nodes", 2), ("edges", 2), ("graphs_plus_1", 3), ("pairs", 2))
    )
    exported = torch.export.export(
        FromTensors(model),
        tensors(example),
        dynamic_shapes=(
            {0: nodes},
            {1: edges},
            {0: graphs},
            None if example.edge_attr is None else {0: edges},
            None if example.positions is None else {0: nodes},
            {name: {0: nodes} for name in example.encodings},
            {name: {0: pairs} for name in example.pair_encodings},
        ),
    ).module()
    other = case.batch(sizes=(4, 6, 1, 2, 9, 3))
    torch.testing.assert_close(
        exported(*tensors(other)), model(other), atol=ROUNDING, rtol=ROUNDING
    )


def test_a_missing_encoding_is_named_with_its_remedy(case):
    batch = case.batch()
    if not batch.encodings:
        pytest.skip("reads no encodings of nodes")
    bare = replace(batch, encodings={})
    name = case.encodings[0].names[0]
    with pytest.raises(DataError, match=rf"'{name}'.*encode\(batch, model.config.encodings\)"):
        case.model()(bare)


def test_an_encoding_of_pairs_is_computed_when_it_is_missing(case):
    model, batch = case.model().eval(), case.batch()
    if not batch.pair_encodings:
        pytest.skip("reads no encodings of pairs")
    bare = replace(batch, pair_encodings={}, encoded_with=())
    torch.testing.assert_close(model(bare), model(batch), atol=ROUNDING, rtol=ROUNDING)


@pytest.mark.parametrize("sizes", [(1,), (1, 1, 1), (2, 1)], ids=str)
def test_tiny_graphs_train_and_predict(case, sizes):
    model, batch = case.model(), case.batch(sizes)
    model(batch).sum().backward()
    gradients = [one.grad for one in model.parameters() if one.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert model.eval()(batch).isfinite().all()


def test_graphs_without_any_edge_train_and_predict(case):
    batch = case.batch()
    bare = replace(
        batch,
        edge_index=batch.edge_index[:, :0],
        edge_attr=None if batch.edge_attr is None else batch.edge_attr[:0],
    )
    model = case.model()
    model(bare).sum().backward()
    assert model.eval()(bare).isfinite().all()


def test_two_training_steps_give_the_same_bits(case):
    def gradients() -> list[torch.Tensor]:
        model = case.model()
        torch.manual_seed(3)
        model(case.batch()).square().sum().backward()
        return [one.grad for one in model.parameters() if one.grad is not None]

    assert all(torch.equal(*pair) for pair in zip(gradients(), gradients(), strict=True))


def test_mixed_precision_gives_nearly_the_same_and_gradients(case):
    model, batch = case.model().eval(), case.batch()
    with torch.no_grad():
        expected = model(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(batch)
    output.float().square().mean().backward()
    assert all(one.grad is None or one.grad.isfinite().all() for one in model.parameters())
    assert (output - expected).norm() < HALF_PRECISION * expected.norm()
