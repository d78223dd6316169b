"""Batches of sampled neighbourhoods."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from typing import Literal, TypeAlias, TypedDict

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch_geometric.data import Data, HeteroData
from typing_extensions import Unpack

from graphformers.data.epoch_order import EpochOrder, Input, Inputs
from graphformers.data.mapped_features import by_path
from graphformers.data.sampled_data import sampled_data, with_reversed_edges
from graphformers.data.typed_graphs import (
    GivenNodes,
    TypedGraphs,
    data_store,
    input_nodes_of,
    read_graphs,
)
from graphformers.errors import ConfigError, DataError
from graphformers.kernels import (
    CSRGraph,
    HeterogeneousSample,
    HeterogeneousTimeLimit,
    sample_heterogeneous_neighbors,
)
from graphformers.kernels.randomness import child
from graphformers.kernels.sampling.neighbors.induced import NodeSet, induced_edges
from graphformers.kernels.sampling.neighbors.sample import EdgeType

SubgraphType: TypeAlias = Literal["directional", "bidirectional", "induced"]
Fanouts: TypeAlias = Sequence[int] | Mapping[EdgeType, Sequence[int]]


class LoaderOptions(TypedDict, total=False):
    """What a torch ``DataLoader`` may be told besides."""

    batch_size: int
    drop_last: bool
    num_workers: int
    pin_memory: bool
    timeout: float
    worker_init_fn: Callable[[int], None]
    multiprocessing_context: str | BaseContext
    prefetch_factor: int
    persistent_workers: bool


class NeighborLoader(DataLoader[Input]):
    """Samples around the input nodes, batch by batch, as torch-geometric's ``NeighborLoader`` does.

    Arguments have its names and meanings, and batches its attributes: features and labels of the
    sampled nodes and edges, ``edge_index``, ``n_id``, ``e_id``, ``input_id``, ``batch_size``,
    ``num_sampled_nodes``, ``num_sampled_edges``, and ``batch`` for ``disjoint`` or temporal
    subgraphs. Seeds come first. It needs no compiled extension.

    ``seed`` and the epoch decide the batches: not the number of workers, nor who runs before.
    Lightning sets the epoch; elsewhere every pass is the next one.

    Of several training processes each is given its own input nodes, and Lightning
    ``use_distributed_sampler=False``.

    ``graph`` gives rows made before (``CSRGraph``, by type where there are types), from memory or
    a folder, instead of the ``edge_index`` of ``data``. Features may be numpy memory maps
    (``numpy.load(path, mmap_mode="r")``): only sampled rows are read, in every worker.

    ``time_attr`` names a time of nodes or of edges, in int64: nothing later than its seed is
    sampled, whose time is ``input_time`` or that of the node. ``"bidirectional"`` is for graphs
    without types; ``"induced"`` returns all edges among the sampled nodes.
    """

    def __init__(  # noqa: PLR0913 - the arguments of torch-geometric's loader
        self,
        data: Data | HeteroData,
        num_neighbors: Fanouts,
        input_nodes: GivenNodes = None,
        *,
        input_time: Tensor | None = None,
        replace: bool = False,
        subgraph_type: SubgraphType = "directional",
        disjoint: bool = False,
        time_attr: str | None = None,
        weight_attr: str | None = None,
        transform: Callable[[Data | HeteroData], Data | HeteroData] | None = None,
        graph: CSRGraph | Mapping[EdgeType, CSRGraph] | None = None,
        shuffle: bool = False,
        seed: int = 0,
        **options: Unpack[LoaderOptions],
    ):
        kind, nodes = input_nodes_of(data, input_nodes)
        graphs = read_graphs(data, graph, weight_attr, time_attr)
        if subgraph_type not in ("directional", "bidirectional", "induced"):
            raise ConfigError(f"subgraph_type must be one of its names; got {subgraph_type!r}")
        if subgraph_type == "bidirectional" and isinstance(data, HeteroData):
            raise ConfigError("subgraph_type 'bidirectional' needs a graph without types")
        times = _input_time(graphs, kind, nodes, time_attr, input_time)
        disjoint = disjoint or times is not None
        if not disjoint and nodes.unique().shape[0] != nodes.shape[0]:
            raise DataError("input_nodes must differ, unless the subgraphs are disjoint")
        batches = _Batches(
            data=by_path(data),
            graphs=graphs,
            kind=kind,
            nodes=nodes,
            times=times,
            fanouts=num_neighbors,
            replace=replace,
            disjoint=disjoint,
            subgraph_type=subgraph_type,
            transform=transform,
        )
        order = EpochOrder(nodes.shape[0], shuffle=shuffle, seed=seed)
        super().__init__(Inputs(nodes.shape[0]), sampler=order, collate_fn=batches, **options)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Batches:
    """Makes a batch of some inputs, in whatever process it finds itself."""

    data: Data | HeteroData
    graphs: TypedGraphs
    kind: str
    nodes: Tensor
    times: Tensor | None
    fanouts: Fanouts
    replace: bool
    disjoint: bool
    subgraph_type: SubgraphType
    transform: Callable[[Data | HeteroData], Data | HeteroData] | None

    def __call__(self, inputs: Sequence[Input]) -> Data | HeteroData:
        """Sample around the inputs and gather what belongs to the sample."""
        (draw, first), *_ = inputs
        chosen = torch.tensor([position for _, position in inputs])
        times = None if self.times is None else self.times[chosen]
        sample = sample_heterogeneous_neighbors(
            self.graphs.graphs,
            {self.kind: self.nodes[chosen]},
            self.fanouts,
            replace=self.replace,
            disjoint=self.disjoint,
            time=self._limit(times),
            seed=child(draw, first),
        )
        batch = sampled_data(self.data, self._numbered(self._completed(sample)))
        store = data_store(batch, self.kind)
        store.input_id, store.batch_size = chosen, chosen.shape[0]
        if times is not None:
            store.seed_time = times
        return batch if self.transform is None else self.transform(batch)

    def _limit(self, times: Tensor | None) -> HeterogeneousTimeLimit | None:
        if times is None:
            return None
        return HeterogeneousTimeLimit(seeds={self.kind: times}, nodes=self.graphs.node_time)

    def _completed(self, sample: HeterogeneousSample) -> HeterogeneousSample:
        """With the edges the type of subgraph asks for besides; these belong to no hop."""
        if self.subgraph_type == "directional":
            return sample
        pairs = {}
        for kind, graph in self.graphs.graphs.items():
            if self.subgraph_type == "bidirectional":
                pairs[kind] = with_reversed_edges(sample.edge_index[kind], sample.edges[kind])
            else:
                ends = {
                    name: NodeSet(sample.nodes[name], (sample.trees or {}).get(name))
                    for name in kind[::2]
                }
                rows, others = (kind[2], kind[0]) if graph.direction == "in" else kind[::2]
                pairs[kind] = induced_edges(graph, ends[rows], ends[others])
        return dataclasses.replace(
            sample,
            edge_index={kind: ends for kind, (ends, _) in pairs.items()},
            edges={kind: edges for kind, (_, edges) in pairs.items()},
            edges_per_hop={},
        )

    def _numbered(self, sample: HeterogeneousSample) -> HeterogeneousSample:
        """With the caller's edge numbers for positions in the rows."""
        edges = dict(sample.edges)
        for kind, positions in sample.edges.items():
            numbers = self.graphs.graphs[kind].edge
            edges[kind] = positions if numbers is None else numbers.index_select(0, positions)
        return dataclasses.replace(sample, edges=edges)


def _input_time(
    graphs: TypedGraphs, kind: str, nodes: Tensor, time_attr: str | None, given: Tensor | None
) -> Tensor | None:
    """Latest time every input may see."""
    if time_attr is None:
        if given is not None:
            raise ConfigError("input_time needs time_attr, the name of the times it limits")
        return None
    if given is None and kind not in graphs.node_time:
        raise ConfigError(f"{kind!r} nodes have no {time_attr!r}; give their times as input_time")
    return graphs.node_time[kind][nodes] if given is None else given
