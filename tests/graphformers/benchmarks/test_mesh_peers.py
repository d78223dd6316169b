"""Peers of the mesh models compute what ours compute."""

import pytest

from graphformers.benchmarks import mesh_transformer, physgto
from graphformers.benchmarks.measure import check_agreement

TOPICS = {"mesh-transformer": mesh_transformer, "physgto": physgto}


@pytest.mark.parametrize("topic", TOPICS)
def test_every_contender_gives_the_same_numbers(topic):
    orders = []
    for workload in TOPICS[topic].workloads(size=2_500):
        assert workload.tolerance is not None
        check_agreement(workload)
        orders.append(workload.order)
    assert set(orders) == {"mesh", "random"}
