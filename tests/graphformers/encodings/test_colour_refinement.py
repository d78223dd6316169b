"""Colours of nodes: what refinement can tell apart, numbered graph by graph."""

import pytest
import torch

from graphformers.encodings import ColourRefinement, encode
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch


def graphs(*edges: tuple[int, list[tuple[int, int]]]) -> GraphBatch:
    """Graphs of so many nodes, every edge in both directions."""
    ends, start, ptr = [], 0, [0]
    for size, pairs in edges:
        ends += [(start + i, start + j) for pair in pairs for i, j in (pair, pair[::-1])]
        start += size
        ptr.append(start)
    edge_index = torch.tensor(ends, dtype=torch.int64).reshape(-1, 2).T
    return GraphBatch(x=torch.zeros(start, 1), edge_index=edge_index, ptr=torch.tensor(ptr))


def colours(batch: GraphBatch, rounds: int) -> list[int]:
    return encode(batch, [ColourRefinement(rounds=rounds)]).encodings["wl_colours"][:, 0].tolist()


PATH = (5, [(0, 1), (1, 2), (2, 3), (3, 4)])


def test_without_rounds_all_nodes_look_alike():
    assert colours(graphs(PATH), 0) == [0] * 5


def test_one_round_tells_degrees_apart_and_two_their_neighbourhoods():
    end, inner, same, also, last = colours(graphs(PATH), 1)
    assert inner == same == also
    assert end == last != inner
    end, inner, middle, also, last = colours(graphs(PATH), 2)
    assert (end, inner) == (last, also)
    assert len({end, inner, middle}) == 3
    assert {end, inner, middle} == {0, 1, 2}


def test_colours_move_with_the_nodes():
    order = torch.tensor([3, 0, 4, 1, 2])  # new name of every node
    renamed = (5, [(int(order[i]), int(order[j])) for i, j in PATH[1]])
    moved = colours(graphs(renamed), 2)
    assert [moved[new] for new in order.tolist()] == colours(graphs(PATH), 2)


def test_a_graph_in_a_batch_is_coloured_as_alone():
    star, lone = (4, [(0, 1), (0, 2), (0, 3)]), (1, [])
    alone = [colour for one in (star, lone, PATH) for colour in colours(graphs(one), 2)]
    assert colours(graphs(star, lone, PATH), 2) == alone


def test_a_negative_number_of_rounds_is_refused():
    with pytest.raises(ConfigError, match="rounds"):
        ColourRefinement(rounds=-1)
