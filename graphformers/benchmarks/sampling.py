"""Neighbour sampling beside DGL's sampler and torch-geometric's loader.

Eight batches of 1,024 seeds, 15 and then 10 edges of every node that is new, on graphs whose
degrees follow a power law, 20 edges to a node: in memory, and in memory-mapped files once warm.
DGL draws the second hop for the seeds again, 7 % more edges. All contenders use 64-bit numbers.
``--sizes 100000000`` gives a graph of 5M nodes, which takes 40 seconds to make and 3 GB of memory.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from graphformers.benchmarks.workload import OURS, Contender, Cost, Workload, optional_module
from graphformers.kernels import CSRGraph, sample_neighbors

SIZES = (1_000_000, 5_000_000, 20_000_000)
DEGREE = 20
SEEDS = 1_024
FANOUTS = [15, 10]
BATCHES = 8
DRAWN_AT_ONCE = 5_000_000
INDEX_BYTES = 8
LINE_BYTES = 64

Sample = Callable[[Tensor, int], object]


def workloads(size: int) -> Iterator[Workload]:
    """One graph of ``size`` edges, in memory and in a temporary folder."""
    nodes = size // DEGREE
    indptr, indices = power_law_rows(nodes, size)
    folder = tempfile.TemporaryDirectory()
    CSRGraph(indptr=indptr, indices=indices).save(Path(folder.name) / "graph")
    mapped = CSRGraph.open(Path(folder.name) / "graph")
    samplers: dict[str, Sample] = {
        OURS: ours(indptr, indices),
        "graphformers, memory-mapped": ours(mapped.indptr, mapped.indices),
    }
    if optional_module("dgl"):
        samplers["DGL"] = with_dgl(indptr, indices)
    if optional_module("pyg_lib") or optional_module("torch_sparse"):
        samplers["torch-geometric"] = with_geometric(indptr, indices)
    batches = seed_batches(nodes)
    yield Workload(
        operation="sample neighbors",
        order="power law",
        size=size,
        unit="edges",
        contenders={name: all_batches(sample, batches) for name, sample in samplers.items()},
        cost=cost(indptr, indices, batches[0]),
    )
    folder.cleanup()


def power_law_rows(nodes: int, edges: int) -> tuple[Tensor, Tensor]:
    """Compressed rows whose numbers of entries, and of mentions, fall off as a power of the rank.

    Both ends of an edge are node ``floor(nodes u^2)`` for uniform ``u``, so that the share of nodes
    of degree ``k`` falls as ``k^-3``; nodes are then shuffled.
    """
    generator = torch.Generator().manual_seed(0)
    shuffled = torch.randperm(nodes, generator=generator)

    def ends(count: int) -> Tensor:
        uniform = torch.rand(count, generator=generator, dtype=torch.float64)
        return shuffled[(nodes * uniform.square()).long().clamp_(max=nodes - 1)]

    degree, indices = torch.zeros(nodes, dtype=torch.int64), torch.empty(edges, dtype=torch.int64)
    for part in indices.split(DRAWN_AT_ONCE):
        degree += torch.bincount(ends(part.shape[0]), minlength=nodes)
        part.copy_(ends(part.shape[0]))
    return functional.pad(degree.cumsum(0), (1, 0)), indices


def seed_batches(nodes: int) -> list[Tensor]:
    """Distinct seeds, the same for every contender."""
    generator = torch.Generator().manual_seed(1)
    return [torch.randperm(nodes, generator=generator)[:SEEDS].contiguous() for _ in range(BATCHES)]


def all_batches(sample: Sample, batches: list[Tensor]) -> Contender:
    """One batch after the other: what the contender before leaves spinning disturbs the first."""

    def run() -> None:
        for number, seeds in enumerate(batches):
            sample(seeds, number)

    return run


def cost(indptr: Tensor, indices: Tensor, seeds: Tensor) -> Cost:
    """A cache line for every row looked up and every entry picked, and the sample written."""
    sample = sample_neighbors(indptr, indices, seeds, FANOUTS)
    rows, picks = sum(sample.nodes_per_hop[:-1]), sample.edges.shape[0]
    written = INDEX_BYTES * (3 * picks + sample.nodes.shape[0])
    return Cost(bytes=BATCHES * (LINE_BYTES * (rows + picks) + written))


def ours(indptr: Tensor, indices: Tensor) -> Sample:
    """Seeds, numbers and edges in one call."""
    return lambda seeds, number: sample_neighbors(indptr, indices, seeds, FANOUTS, seed=number)


def with_dgl(indptr: Tensor, indices: Tensor) -> Sample:
    """DGL's sampler with its relabelled blocks."""
    import dgl

    graph = dgl.graph(("csc", (indptr, indices, [])), num_nodes=indptr.shape[0] - 1)
    graph = graph.formats("csc")
    sampler = dgl.dataloading.NeighborSampler(FANOUTS[::-1])  # it counts hops from the far end
    return lambda seeds, _: sampler.sample_blocks(graph, seeds)


def with_geometric(indptr: Tensor, indices: Tensor) -> Sample:
    """torch-geometric's sampler, without the features its loader gathers."""
    from torch_geometric.data import Data
    from torch_geometric.sampler import NeighborSampler, NodeSamplerInput

    targets = torch.arange(indptr.shape[0] - 1).repeat_interleave(indptr.diff())
    data = Data(edge_index=torch.stack([indices, targets]), num_nodes=indptr.shape[0] - 1)
    sampler = NeighborSampler(data, FANOUTS)
    return lambda seeds, _: sampler.sample_from_nodes(NodeSamplerInput(None, seeds))
