"""What neighbour sampling reads of a ``Data`` or ``HeteroData`` object, by types."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch_geometric.data import Data, HeteroData
from torch_geometric.data.storage import BaseStorage

from graphformers.errors import DataError
from graphformers.kernels import CSRGraph
from graphformers.kernels.sampling.neighbors.sample import EdgeType

NODE = "node"
EDGE: EdgeType = (NODE, "to", NODE)  # the only types of a graph without types

GivenNodes = Tensor | str | tuple[str, Tensor | None] | None


@dataclass(frozen=True, kw_only=True)
class TypedGraphs:
    """Rows of every type of edges, and the times of nodes."""

    graphs: Mapping[EdgeType, CSRGraph]
    node_time: Mapping[str, Tensor]


def read_graphs(
    data: Data | HeteroData,
    given: CSRGraph | Mapping[EdgeType, CSRGraph] | None,
    weight_attr: str | None,
    time_attr: str | None,
) -> TypedGraphs:
    """Group the edges by their targets, or take the rows given, with weights and times."""
    graphs = {EDGE: given} if isinstance(given, CSRGraph) else given
    if graphs is None:
        graphs = {kind: _grouped(data, kind) for kind in edge_types(data)}
    graphs = {
        k: _with_attributes(data, k, one, weight_attr, time_attr) for k, one in graphs.items()
    }
    node_time = _node_times(data, time_attr)
    if weight_attr is not None and all(one.weights is None for one in graphs.values()):
        raise DataError(f"weight_attr must name an attribute of edges; there is no {weight_attr!r}")
    untimed = all(one.edge_time is None for one in graphs.values()) and not node_time
    if time_attr is not None and untimed:
        raise DataError(f"time_attr must name a time of nodes or edges; there is no {time_attr!r}")
    return TypedGraphs(graphs=graphs, node_time=node_time)


def node_types(data: Data | HeteroData) -> list[str]:
    """Types of nodes; a graph without types has one."""
    return data.node_types if isinstance(data, HeteroData) else [NODE]


def edge_types(data: Data | HeteroData) -> list[EdgeType]:
    """Types of edges; a graph without types has one."""
    return data.edge_types if isinstance(data, HeteroData) else [EDGE]


def data_store(data: Data | HeteroData, kind: str | EdgeType) -> BaseStorage:
    """Where the attributes of a type lie."""
    return data[kind] if isinstance(data, HeteroData) else data._store


def input_nodes_of(data: Data | HeteroData, given: GivenNodes) -> tuple[str, Tensor]:
    """Type and numbers of the nodes to sample around; all of a type where none are named."""
    kind, nodes = given if isinstance(given, tuple) else (NODE, given)
    if isinstance(nodes, str):
        kind, nodes = nodes, None
    if kind not in node_types(data):
        raise DataError(f"input_nodes must be of a type in {node_types(data)}; got {kind!r}")
    count = _num_nodes(data, kind)
    if nodes is None:
        return kind, torch.arange(count)
    numbers = nodes.nonzero().squeeze(1) if nodes.dtype == torch.bool else nodes.to(torch.int64)
    if numbers.numel() and not 0 <= int(numbers.min()) <= int(numbers.max()) < count:
        found = f"{int(numbers.min())} ... {int(numbers.max())}"
        raise DataError(f"input_nodes must lie in 0 ... {count - 1}; got {found}")
    return kind, numbers


def _num_nodes(data: Data | HeteroData, kind: str) -> int:
    count = data_store(data, kind).num_nodes
    if count is None:
        raise DataError(f"the number of {kind!r} nodes must be known; set num_nodes")
    return int(count)


def _node_times(data: Data | HeteroData, name: str | None) -> dict[str, Tensor]:
    """The times of every type of nodes that has them."""
    if name is None:
        return {}
    stores = {kind: data_store(data, kind) for kind in node_types(data)}
    return {k: one[name] for k, one in stores.items() if name in one and one.is_node_attr(name)}


def _grouped(data: Data | HeteroData, kind: EdgeType) -> CSRGraph:
    store = data_store(data, kind)
    if "edge_index" not in store:
        raise DataError(f"{kind} has no edge_index; give its rows with graph=CSRGraph.open(folder)")
    source, _, target = kind
    return CSRGraph.from_edge_index(
        store.edge_index,
        _num_nodes(data, target),
        num_neighbors=_num_nodes(data, source),
    )


def _with_attributes(
    data: Data | HeteroData,
    kind: EdgeType,
    graph: CSRGraph,
    weight_attr: str | None,
    time_attr: str | None,
) -> CSRGraph:
    """With weights and times from ``data``; one that has them in files stays the graph it is."""
    if kind not in edge_types(data):
        return graph
    store, changes = data_store(data, kind), {}
    for field, name in (("weights", weight_attr), ("edge_time", time_attr)):
        if name is not None and name in store and store.is_edge_attr(name):
            changes[field] = _by_position(store, graph, name)
    return replace(graph, **changes) if changes else graph


def _by_position(store: BaseStorage, graph: CSRGraph, name: str) -> Tensor:
    """An attribute of edges in the order of the rows."""
    values = torch.as_tensor(store[name]).reshape(-1)
    return values if graph.edge is None else values.index_select(0, graph.edge)
