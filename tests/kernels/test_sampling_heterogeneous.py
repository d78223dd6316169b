import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import (
    CSRGraph,
    HeterogeneousTimeLimit,
    sample_heterogeneous_neighbors,
)
from graphformers.kernels.sampling.neighbors.cases import random_graph
from graphformers.kernels.sampling.neighbors.op import sample_graph

AUTHORS, PAPERS = 30, 50
WRITES = ("author", "writes", "paper")
CITES = ("paper", "cites", "paper")


def authorship(direction: str = "in", **attributes: torch.Tensor) -> CSRGraph:
    generator = torch.Generator().manual_seed(1)
    authors = torch.randint(AUTHORS, (200,), generator=generator)
    papers = torch.randint(PAPERS, (200,), generator=generator)
    rows, others = (PAPERS, AUTHORS) if direction == "in" else (AUTHORS, PAPERS)
    graph = CSRGraph.from_edge_index(
        torch.stack([authors, papers]), rows, num_neighbors=others, direction=direction
    )
    return CSRGraph(
        indptr=graph.indptr,
        indices=graph.indices,
        direction=direction,
        num_neighbors=others,
        **attributes,
    )


def graphs() -> dict:
    return {WRITES: authorship(), CITES: random_graph(PAPERS, 300)}


def test_edges_join_nodes_of_their_types():
    seeds = {"paper": torch.arange(6), "author": torch.tensor([29, 3])}
    sample = sample_heterogeneous_neighbors(graphs(), seeds, [4, 3])
    for kind, graph in graphs().items():
        source, target = sample.edge_index[kind]
        rows = sample.nodes[kind[2]][target]
        assert torch.equal(graph.indices[sample.edges[kind]], sample.nodes[kind[0]][source])
        assert (graph.indptr[rows] <= sample.edges[kind]).all()
        assert (sample.edges[kind] < graph.indptr[rows + 1]).all()
        assert sum(sample.edges_per_hop[kind]) == len(sample.edges[kind])
    for kind, nodes in seeds.items():
        assert torch.equal(sample.nodes[kind][: len(nodes)], nodes)
        assert len(sample.nodes[kind].unique()) == len(sample.nodes[kind])
        assert sum(sample.nodes_per_hop[kind]) == len(sample.nodes[kind])


def test_authors_are_reached_but_nobody_is_reached_from_them():
    sample = sample_heterogeneous_neighbors(
        {WRITES: authorship()}, {"author": torch.arange(5)}, [-1, -1]
    )
    assert sample.edge_index[WRITES].shape == (2, 0)
    assert sample.nodes_per_hop == {"author": [5, 0, 0], "paper": [0, 0, 0]}


def test_rows_of_outgoing_edges_lead_from_authors_to_papers():
    graph = authorship("out")
    sample = sample_heterogeneous_neighbors({WRITES: graph}, {"author": torch.arange(5)}, [-1])
    source, target = sample.edge_index[WRITES]
    assert torch.equal(graph.indices[sample.edges[WRITES]], sample.nodes["paper"][target])
    assert source.max() == 4


def test_one_type_is_sampled_as_a_graph_without_types():
    graph = random_graph(PAPERS, 300)
    ours = sample_heterogeneous_neighbors(
        {CITES: graph}, {"paper": torch.arange(7)}, [3, 2], seed=2
    )
    plain = sample_graph(graph, torch.arange(7), [3, 2], seed=2)
    assert torch.equal(ours.nodes["paper"], plain.nodes)
    assert torch.equal(ours.edges[CITES], plain.edges)


def test_nothing_later_than_its_seed_is_seen_in_any_type():
    dated = {
        WRITES: authorship(edge_time=torch.arange(200) % 23),
        CITES: random_graph(PAPERS, 300),
    }
    time = HeterogeneousTimeLimit(
        seeds={"paper": torch.tensor([3, 9]), "author": torch.tensor([15])},
        nodes={"paper": torch.arange(PAPERS) % 17},
    )
    seeds = {"paper": torch.tensor([1, 2]), "author": torch.tensor([0])}
    sample = sample_heterogeneous_neighbors(dated, seeds, [-1, -1], time=time)
    latest = torch.tensor([3, 9, 15])
    written = sample.trees["paper"][sample.edge_index[WRITES][1]]
    assert (dated[WRITES].edge_time[sample.edges[WRITES]] <= latest[written]).all()
    cited = sample.edge_index[CITES][0]
    assert len(cited) > 0
    times = time.nodes["paper"][sample.nodes["paper"][cited]]
    assert (times <= latest[sample.trees["paper"][cited]]).all()


def bad_calls():
    yield {"seeds": {"venue": torch.tensor([0])}}, "seeds must be of a type that has edges"
    yield {"fanouts": {WRITES: [1]}}, "fanouts must be given for"
    yield {"fanouts": {WRITES: [1], CITES: [1, 1]}}, "the same number of hops"
    yield (
        {"graphs": {**graphs(), CITES: random_graph(9, 9)}},
        "agree on the number of 'paper' nodes",
    )
    yield {"time": HeterogeneousTimeLimit(seeds={})}, "the time of seeds must be given for 'paper'"


@pytest.mark.parametrize(("changed", "message"), bad_calls())
def test_arguments_that_do_not_fit_are_refused(changed, message):
    good = {"graphs": graphs(), "seeds": {"paper": torch.tensor([0])}, "fanouts": [2]}
    with pytest.raises(ShapeError, match=message):
        sample_heterogeneous_neighbors(**{**good, **changed})
