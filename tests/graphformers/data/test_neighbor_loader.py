import operator

import lightning.pytorch as lightning
import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.data import Data, HeteroData
from torch_geometric.nn import SAGEConv

from graphformers.data import NeighborLoader
from graphformers.errors import ConfigError, DataError
from graphformers.kernels import CSRGraph

NODES, EDGES = 60, 400
CITES = ("paper", "cites", "paper")


def paper_graph() -> Data:
    generator = torch.Generator().manual_seed(0)
    return Data(
        x=torch.randn(NODES, 3, generator=generator),
        y=torch.arange(NODES) % 4,
        edge_index=torch.randint(NODES, (2, EDGES), generator=generator),
        edge_attr=torch.arange(EDGES).unsqueeze(1),
        weight=torch.rand(EDGES, generator=generator),
        number=torch.arange(EDGES),
        name="papers",
    )


def authors_and_papers() -> HeteroData:
    generator = torch.Generator().manual_seed(0)
    data = HeteroData()
    data["paper"].x = torch.randn(NODES, 3, generator=generator)
    data["paper"].y = torch.arange(NODES) % 4
    data["author"].x = torch.randn(20, 2, generator=generator)
    data["author", "writes", "paper"].edge_index = torch.stack(
        [torch.arange(100) % 20, torch.arange(100) % NODES]
    )
    data[CITES].edge_index = torch.randint(NODES, (2, EDGES), generator=generator)
    data[CITES].edge_attr = torch.arange(EDGES).unsqueeze(1)
    return data


def assert_same_batches(ours, expected):
    ours, expected = list(ours), list(expected)
    assert len(ours) == len(expected)
    for one, other in zip(ours, expected, strict=True):
        assert set(one.keys()) == set(other.keys())
        for name, value in one.to_dict().items():
            same = torch.equal if isinstance(value, torch.Tensor) else operator.eq
            assert same(value, other[name]), name


def test_batches_hold_what_belongs_to_their_nodes_and_edges():
    data = paper_graph()
    seen = []
    for batch in NeighborLoader(data, [4, 3], batch_size=16):
        assert torch.equal(batch.x, data.x[batch.n_id])
        assert torch.equal(batch.y, data.y[batch.n_id])
        assert torch.equal(batch.edge_attr, data.edge_attr[batch.e_id])
        assert torch.equal(batch.n_id[batch.edge_index], data.edge_index[:, batch.e_id])
        assert torch.equal(batch.n_id[: batch.batch_size], batch.input_id)
        assert sum(batch.num_sampled_nodes) == batch.num_nodes == len(batch.n_id)
        assert sum(batch.num_sampled_edges) == batch.num_edges
        assert batch.name == "papers"
        seen.append(batch.input_id)
    assert torch.equal(torch.cat(seen), torch.arange(NODES))


def test_all_neighbors_are_there_when_all_are_asked_for():
    data = paper_graph()
    batch = next(iter(NeighborLoader(data, [-1], torch.tensor([5, 7]), batch_size=2)))
    expected = ((data.edge_index[1] == 5) | (data.edge_index[1] == 7)).nonzero().squeeze(1)
    assert torch.equal(batch.e_id.sort().values, expected)


@pytest.mark.parametrize("given", ["mask", "numbers"])
def test_inputs_are_a_mask_or_numbers(given):
    mask = torch.zeros(NODES, dtype=torch.bool)
    mask[[3, 9, 40]] = True
    nodes = mask if given == "mask" else torch.tensor([3, 9, 40])
    loader = NeighborLoader(paper_graph(), [2], nodes, batch_size=2)
    assert [batch.n_id[: batch.batch_size].tolist() for batch in loader] == [[3, 9], [40]]
    assert [batch.input_id.tolist() for batch in loader] == [[0, 1], [2]]


def test_typed_batches_hold_what_belongs_to_their_nodes_and_edges():
    data = authors_and_papers()
    for batch in NeighborLoader(data, [3, 2], "paper", batch_size=16):
        for kind in data.node_types:
            assert torch.equal(batch[kind].x, data[kind].x[batch[kind].n_id])
            assert sum(batch[kind].num_sampled_nodes) == batch[kind].num_nodes
        for kind in data.edge_types:
            source, target = batch[kind].edge_index
            ends = torch.stack([batch[kind[0]].n_id[source], batch[kind[2]].n_id[target]])
            assert torch.equal(ends, data[kind].edge_index[:, batch[kind].e_id])
            assert sum(batch[kind].num_sampled_edges) == batch[kind].num_edges
        assert torch.equal(batch[CITES].edge_attr, data[CITES].edge_attr[batch[CITES].e_id])
        papers = batch["paper"]
        assert torch.equal(papers.n_id[: papers.batch_size], papers.input_id)


def test_types_have_fanouts_of_their_own():
    data = authors_and_papers()
    fanouts = {("author", "writes", "paper"): [0, 1], CITES: [2, 0]}
    batch = next(iter(NeighborLoader(data, fanouts, ("paper", torch.arange(8)), batch_size=8)))
    assert batch["author", "writes", "paper"].num_sampled_edges[0] == 0
    assert batch[CITES].num_sampled_edges[1] == 0
    assert batch[CITES].num_sampled_edges[0] > 0


def test_every_epoch_differs_and_is_the_same_in_another_run():
    def epochs():
        loader = NeighborLoader(paper_graph(), [2, 2], batch_size=16, shuffle=True, seed=5)
        return [list(loader), list(loader)]

    first, second = epochs()
    assert not torch.equal(first[0].input_id, second[0].input_id)
    again, _ = epochs()
    assert_same_batches(first, again)


def test_an_epoch_can_be_chosen():
    loader = NeighborLoader(paper_graph(), [2, 2], batch_size=16, shuffle=True)
    _, second = list(loader), list(loader)
    resumed = NeighborLoader(paper_graph(), [2, 2], batch_size=16, shuffle=True)
    resumed.sampler.set_epoch(1)
    assert_same_batches(resumed, second)


def test_without_shuffling_epochs_still_draw_anew():
    loader = NeighborLoader(paper_graph(), [2], batch_size=60)
    assert not torch.equal(next(iter(loader)).e_id, next(iter(loader)).e_id)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_the_number_of_workers_changes_nothing(start, tmp_path):
    graph = CSRGraph.from_edge_index(paper_graph().edge_index, NODES)
    graph.save(tmp_path / "graph")
    np.save(tmp_path / "x.npy", paper_graph().x.numpy())
    data = paper_graph()
    data.x = np.load(tmp_path / "x.npy", mmap_mode="r")
    options = {"graph": CSRGraph.open(tmp_path / "graph"), "batch_size": 8, "shuffle": True}
    alone = NeighborLoader(data, [4, 3], **options)
    helped = NeighborLoader(
        data,
        [4, 3],
        **options,
        num_workers=2,
        multiprocessing_context=start,
        persistent_workers=True,
    )
    for _ in range(2):
        assert_same_batches(helped, alone)


def test_a_loader_in_files_gives_what_one_in_memory_gives(tmp_path):
    data = paper_graph()
    CSRGraph.from_edge_index(data.edge_index, NODES).save(tmp_path / "graph")
    np.save(tmp_path / "x.npy", data.x.numpy())
    mapped = Data(
        x=np.load(tmp_path / "x.npy", mmap_mode="r"), y=data.y, num_nodes=NODES, name="papers"
    )
    graph = CSRGraph.open(tmp_path / "graph")
    expected = paper_graph()
    del expected.edge_attr, expected.weight, expected.number
    expected.num_nodes = NODES
    assert_same_batches(
        NeighborLoader(mapped, [4, 3], graph=graph, batch_size=16),
        NeighborLoader(expected, [4, 3], batch_size=16),
    )


def test_weights_named_by_an_attribute_steer_the_draw():
    data = paper_graph()
    data.weight = (torch.arange(EDGES) % 2).float()
    for batch in NeighborLoader(data, [3, 3], weight_attr="weight", batch_size=16):
        assert (batch.weight == 1).all()


def test_nothing_later_than_the_input_is_seen():
    data = paper_graph()
    data.time = torch.arange(NODES) % 13
    for batch in NeighborLoader(data, [5, 5], time_attr="time", batch_size=16):
        latest = data.time[batch.n_id[: batch.batch_size]]
        assert torch.equal(batch.seed_time, latest)
        later = batch.time[batch.edge_index[0]] > latest[batch.batch[batch.edge_index[0]]]
        assert not later.any()


def test_times_of_edges_are_limited_by_given_times():
    data = paper_graph()
    data.when = torch.arange(EDGES)
    times = torch.full((NODES,), 150)
    loader = NeighborLoader(data, [5, 5], time_attr="when", input_time=times, batch_size=16)
    reached = torch.cat([batch.when for batch in loader])
    assert 140 < int(reached.max()) <= 150


def test_disjoint_subgraphs_say_whose_they_are():
    data = paper_graph()
    batch = next(iter(NeighborLoader(data, [3, 3], disjoint=True, batch_size=8)))
    assert torch.equal(batch.batch[:8], torch.arange(8))
    assert torch.equal(*batch.batch[batch.edge_index])


@pytest.mark.parametrize("disjoint", [False, True])
def test_an_induced_subgraph_has_all_edges_among_its_nodes(disjoint):
    data = paper_graph()
    loader = NeighborLoader(data, [2], subgraph_type="induced", disjoint=disjoint, batch_size=4)
    for batch in loader:
        trees = batch.batch if disjoint else torch.zeros(batch.num_nodes, dtype=torch.int64)
        expected = []
        for tree in trees.unique():
            nodes = batch.n_id[trees == tree]
            inside = torch.isin(data.edge_index, nodes).all(0)
            expected.append(inside.nonzero().squeeze(1))
        assert torch.equal(batch.e_id.sort().values, torch.cat(expected).sort().values)
        assert torch.equal(batch.n_id[batch.edge_index], data.edge_index[:, batch.e_id])
        assert torch.equal(*trees[batch.edge_index])


def test_a_bidirectional_subgraph_has_every_edge_in_both_directions_once():
    data = paper_graph()
    for batch in NeighborLoader(data, [2, 2], subgraph_type="bidirectional", batch_size=8):
        pairs = [tuple(pair) for pair in batch.edge_index.T.tolist()]
        assert len(set(pairs)) == len(pairs)
        assert {(b, a) for a, b in pairs} == set(pairs)
        ends = batch.n_id[batch.edge_index].sort(0).values
        assert torch.equal(ends, data.edge_index[:, batch.e_id].sort(0).values)


def test_a_transform_sees_every_batch():
    def doubled(batch: Data) -> Data:
        batch.x = 2 * batch.x
        return batch

    data = paper_graph()
    for batch in NeighborLoader(data, [2], batch_size=30, transform=doubled):
        assert torch.equal(batch.x, 2 * data.x[batch.n_id])


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.convolution = SAGEConv(3, 4)

    def training_step(self, batch, batch_idx):
        out = self.convolution(batch.x, batch.edge_index)[: batch.batch_size]
        loss = nn.functional.cross_entropy(out, batch.y[: batch.batch_size])
        self.log("loss", loss, batch_size=batch.batch_size)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.05)


def test_lightning_trains_on_it_and_sets_its_epoch():
    torch.manual_seed(0)
    model = Classifier()
    loader = NeighborLoader(paper_graph(), [4], batch_size=20, shuffle=True)
    before = model.convolution.lin_l.weight.clone()
    trainer = lightning.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, loader)
    assert trainer.global_step == 9
    assert torch.isfinite(trainer.callback_metrics["loss"])
    assert not torch.equal(before, model.convolution.lin_l.weight)
    assert loader.sampler.epoch == 3


def bad_calls():
    yield {"input_nodes": torch.tensor([NODES])}, DataError, "input_nodes must lie in 0 ... 59"
    yield {"input_nodes": torch.tensor([1, 1])}, DataError, "input_nodes must differ"
    yield {"input_nodes": "author"}, DataError, "input_nodes must be of a type in"
    yield {"subgraph_type": "whole"}, ConfigError, "subgraph_type must be one of"
    yield {"input_time": torch.zeros(NODES)}, ConfigError, "input_time needs time_attr"
    yield {"time_attr": "when"}, DataError, "time_attr must name a time of nodes or edges"
    yield {"time_attr": "number"}, ConfigError, "nodes have no 'number'"
    yield {"weight_attr": "heft"}, DataError, "weight_attr must name an attribute of edges"


@pytest.mark.parametrize(("changed", "error", "message"), bad_calls())
def test_arguments_that_do_not_fit_are_refused(changed, error, message):
    with pytest.raises(error, match=message):
        NeighborLoader(paper_graph(), [2], **changed)


def test_typed_graphs_are_not_made_bidirectional():
    with pytest.raises(ConfigError, match="graph without types"):
        NeighborLoader(authors_and_papers(), [2], "paper", subgraph_type="bidirectional")


def test_a_graph_without_edges_says_where_to_give_them():
    with pytest.raises(DataError, match="give its rows with graph="):
        NeighborLoader(Data(x=torch.zeros(3, 1)), [2])
