"""Who sees whom with a window, chance and hubs."""

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.layers.big_bird_pattern import big_bird_pattern

SIZES = (9, 1, 0, 30, 2)
PTR = torch.tensor([0, *SIZES]).cumsum(0)


def edges(ptr: torch.Tensor = PTR, **options: int) -> set[tuple[int, int]]:
    options = {"reach": 0, "random": 0, "hubs": 0} | options
    found = list(map(tuple, big_bird_pattern(ptr, **options).edge_index.T.tolist()))
    assert len(set(found)) == len(found)
    return set(found)


def pairs(allowed) -> set[tuple[int, int]]:
    """Pairs of nodes of one graph whose places in it are allowed to see each other."""
    return {
        (start + j, start + i)
        for start, size in zip(PTR.tolist(), SIZES, strict=False)
        for i in range(size)
        for j in range(size)
        if allowed(j, i)
    }


def test_the_window_reaches_both_ways():
    assert edges(reach=2) == pairs(lambda j, i: abs(i - j) <= 2)


def test_hubs_see_and_are_seen_by_all():
    assert edges(hubs=3) == pairs(lambda j, i: i < 3 or j < 3 or i == j)


def test_random_edges_stay_inside_their_graph_and_join_different_nodes():
    drawn = edges(random=4) - edges()
    assert drawn <= pairs(lambda j, i: i != j)
    per_node = [sum(target == node for _, target in drawn) for node in range(int(PTR[-1]))]
    assert max(per_node) <= 4
    large = per_node[10:40]
    assert sum(large) > 0.9 * 4 * len(large)  # few are drawn twice


def test_random_edges_do_not_depend_on_the_other_graphs():
    alone = edges(torch.tensor([0, 30]), random=3, seed=5)
    assert {(j - 10, i - 10) for j, i in edges(random=3, seed=5) if 10 <= i < 40} == alone


def test_equal_seeds_draw_equal_edges_and_others_do_not():
    assert edges(random=3, seed=1) == edges(random=3, seed=1) != edges(random=3, seed=2)


def test_random_edges_reach_all_distances():
    ptr = torch.tensor([0, 1000])
    source, target = big_bird_pattern(ptr, reach=0, random=8, hubs=0).edge_index
    step = ((source - target) % 1000)[source != target]
    counts = step.float().histc(10, 0, 1000)
    assert counts.min() > 0.85 * counts.mean()


def test_negative_numbers_are_refused():
    with pytest.raises(ConfigError, match="got 1, -1 and 2"):
        big_bird_pattern(PTR, reach=1, random=-1, hubs=2)
