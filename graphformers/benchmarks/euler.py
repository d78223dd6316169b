"""Eulerian paths beside the route through networkx that GraphGPT takes: eulerize, walk, cut.

The networkx graphs are made beforehand. Random graphs have two edges for every node; networkx
needs the cube of their odd nodes.
"""

from collections.abc import Iterator

import networkx as nx

from graphformers.benchmarks.bonds import bond_graphs
from graphformers.benchmarks.workload import OURS, Workload
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import eulerian_paths
from graphformers.kernels.eulerian.cases import random_graph
from graphformers.kernels.eulerian.reference import eulerian_path_reference, undirected_reference

SIZES = (32, 256, 2048)
NODES_PER_MOLECULE = 0.25  # of the random graph, for every molecule of the batch


def workloads(size: int) -> Iterator[Workload]:
    """A batch of ``size`` molecules, and a random graph."""
    yield _workload("molecules", bond_graphs(size), size, "graphs")
    nodes = round(NODES_PER_MOLECULE * size)
    edge_index, ptr = random_graph(nodes, 2 * nodes)
    batch = GraphBatch(x=edge_index.new_zeros(nodes, 0), edge_index=edge_index, ptr=ptr)
    yield _workload("random", batch, nodes, "nodes")


def _workload(order: str, batch: GraphBatch, size: int, unit: str) -> Workload:
    graphs = [_simple(batch.select([number])) for number in range(len(batch))]
    return Workload(
        operation="Eulerian paths",
        order=order,
        size=size,
        unit=unit,
        contenders={
            OURS: lambda: eulerian_paths(batch.edge_index, batch.ptr),
            "networkx": lambda: [
                eulerian_path_reference(graph, seed) for seed, graph in enumerate(graphs)
            ],
        },
    )


def _simple(graph: GraphBatch) -> nx.Graph:
    """Without parallel edges, which GraphGPT does not know."""
    return nx.Graph(undirected_reference(graph.edge_index, graph.num_nodes))
