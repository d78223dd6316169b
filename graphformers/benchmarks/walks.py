"""Random-walk encodings beside dense products in plain torch and torch-geometric's transform.

Twenty steps on batches of molecules, and ten on a grid whose dense matrix would be large.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import AddRandomWalkPE

from graphformers.benchmarks.bonds import bond_graphs
from graphformers.benchmarks.workload import OURS, Contender, Workload
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import random_walk_probabilities, relative_random_walk_probabilities

SIZES = (32, 256, 2048)
STEPS, GRID_STEPS = 20, 10
NODES_PER_MOLECULE = 8  # of the grid, for every molecule of the batch
TOLERANCE = 1e-5
PLAIN, GEOMETRIC = "plain torch", "torch-geometric"


def workloads(size: int) -> Iterator[Workload]:
    """Batches of ``size`` molecules, and a grid of 8 nodes for every one of them."""
    molecules = bond_graphs(size)
    graphs = [molecules.select([number]) for number in range(size)]
    returns: dict[str, Contender] = {
        OURS: lambda: random_walk_probabilities(molecules.edge_index, molecules.ptr, STEPS),
        PLAIN: lambda: torch.cat([plain_returns(graph, STEPS) for graph in graphs]),
        GEOMETRIC: geometric_returns(graphs, STEPS),
    }
    pairs: dict[str, Contender] = {
        OURS: lambda: relative_random_walk_probabilities(
            molecules.edge_index, molecules.ptr, STEPS
        ),
        PLAIN: lambda: torch.cat([plain_pairs(graph, STEPS) for graph in graphs]),
    }
    for operation, contenders in (("return", returns), ("all pairs", pairs)):
        yield Workload(
            operation=operation,
            order="molecules",
            size=size,
            unit="graphs",
            contenders=contenders,
            tolerance=TOLERANCE,
        )
    mesh = grid(round((NODES_PER_MOLECULE * size) ** 0.5))
    yield Workload(
        operation="return",
        order="grid",
        size=mesh.num_nodes,
        unit="nodes",
        contenders={
            OURS: lambda: random_walk_probabilities(mesh.edge_index, mesh.ptr, GRID_STEPS),
            GEOMETRIC: geometric_returns([mesh], GRID_STEPS),
        },
        tolerance=TOLERANCE,
    )


def plain_powers(graph: GraphBatch, steps: int) -> Tensor:
    """I, P, P^2, ... in the last axis: (nodes, nodes, steps + 1)."""
    step = torch.zeros(graph.num_nodes, graph.num_nodes)
    source, target = graph.edge_index
    step.index_put_((source, target), torch.ones(graph.num_edges), accumulate=True)
    step /= step.sum(1, keepdim=True).clamp(min=1)
    powers = [torch.eye(graph.num_nodes)]
    for _ in range(steps):
        powers.append(powers[-1] @ step)
    return torch.stack(powers, dim=-1)


def plain_returns(graph: GraphBatch, steps: int) -> Tensor:
    """Diagonals of the powers, without that of I."""
    return plain_powers(graph, steps).diagonal()[1:].mT


def plain_pairs(graph: GraphBatch, steps: int) -> Tensor:
    """One row per ordered pair."""
    return plain_powers(graph, steps).flatten(0, 1)


def geometric_returns(graphs: list[GraphBatch], steps: int) -> Contender:
    """The transform, graph by graph, as a data set applies it."""
    transform = AddRandomWalkPE(steps, attr_name="walks")
    data = [Data(edge_index=graph.edge_index, num_nodes=graph.num_nodes) for graph in graphs]
    return lambda: torch.cat([transform(one).walks for one in data])


def grid(side: int) -> GraphBatch:
    """A square grid that joins on at its borders."""
    nodes = torch.arange(side * side).reshape(side, side)
    ends = [nodes.roll(shift, axis) for axis in (0, 1) for shift in (1, -1)]
    edge_index = torch.stack([nodes.expand(4, -1, -1), torch.stack(ends)]).flatten(1)
    return GraphBatch(
        x=torch.zeros(side * side, 0), edge_index=edge_index, ptr=torch.tensor([0, side * side])
    )
