"""DGL's graphs as ours and ours as DGL's; nodes and edges keep their numbers."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from graphformers.errors import DataError, ShapeError, nearest_name
from graphformers.graph_batch import GraphBatch
from graphformers.interop.dgl_library import DGLGraph, import_dgl
from graphformers.kernels import SparsePattern


def to_dgl(graphs: GraphBatch | SparsePattern) -> DGLGraph:
    """A batched ``dgl.DGLGraph`` of graphs, or a graph of the edges of a pattern.

    Node data are ``x``, ``positions``, the encodings under their own names and a ``target`` per
    node; edge data are ``edge_attr``. DGL keeps nothing per graph: conditions and a target per
    graph stay behind in the batch.

    A pattern between different nodes becomes a bipartite graph from type ``"source"`` to type
    ``"target"``.
    """
    if isinstance(graphs, SparsePattern):
        return _edges_to_dgl(graphs)
    ends, nodes = (graphs.edge_index[0], graphs.edge_index[1]), graphs.num_nodes
    graph = import_dgl().graph(ends, num_nodes=nodes)
    graph.set_batch_num_nodes(graphs.ptr.diff())
    graph.set_batch_num_edges(graphs.edge_ptr.diff())
    own = {"x": graphs.x, "positions": graphs.positions}
    if graphs.target_per_node:
        own["target"] = graphs.target
    taken = sorted(graphs.encodings.keys() & {"x", "positions", "target"})
    if taken:
        raise ShapeError(f"encodings must have names of their own; got {taken}")
    graph.ndata.update({name: value for name, value in own.items() if value is not None})
    graph.ndata.update(graphs.encodings)
    if graphs.edge_attr is not None:
        graph.edata["edge_attr"] = graphs.edge_attr
    return graph


def from_dgl(
    graph: DGLGraph,
    *,
    x: str | None = "x",
    edge_attr: str | None = None,
    positions: str | None = None,
    encodings: Sequence[str] = (),
    target: str | None = None,
) -> GraphBatch:
    """Graphs of a ``dgl.DGLGraph``, batched or single, with the data of the given names.

    ``x=None`` is a graph without node features. ``target`` names node data; to predict something
    per graph, which DGL keeps outside, give the batch its target with ``dataclasses.replace``.

    Raises ``DataError`` for a name the graph does not have and for a graph of several node or edge
    types: take one out, ``graph[source_type, edge_type, target_type]``, or ``dgl.to_homogeneous``.
    """
    _check_types(graph, "from_dgl")
    nodes, edges = graph.ndata, graph.edata
    edge_index = _edge_index(graph)
    counts = graph.batch_num_nodes().to(torch.int64)
    empty = torch.zeros(graph.num_dst_nodes(), 0, device=edge_index.device)
    return GraphBatch(
        x=empty if x is None else _named(nodes, x, "node", "x"),
        edge_index=edge_index,
        ptr=torch.nn.functional.pad(counts.cumsum(0), (1, 0)),
        edge_attr=None if edge_attr is None else _named(edges, edge_attr, "edge", "edge_attr"),
        positions=None if positions is None else _named(nodes, positions, "node", "positions"),
        encodings={name: _named(nodes, name, "node", "encodings") for name in encodings},
        target=None if target is None else _named(nodes, target, "node", "target"),
        target_per_node=target is not None,
    )


def pattern_from_dgl(graph: DGLGraph) -> SparsePattern:
    """The edges of a graph, of a bipartite one or of a sampled block, by their DGL numbers.

    Attention and messages then run along them; edge-wise arguments are in the order of
    ``graph.edata``.
    """
    if len(graph.canonical_etypes) != 1:
        raise DataError(_several_types(graph, "pattern_from_dgl"))
    return SparsePattern.from_edge_index(
        _edge_index(graph), num_targets=graph.num_dst_nodes(), num_sources=graph.num_src_nodes()
    )


def _edges_to_dgl(pattern: SparsePattern) -> DGLGraph:
    dgl, ends = import_dgl(), tuple(pattern.edge_index)
    if pattern.num_targets == pattern.num_sources:
        return dgl.graph(ends, num_nodes=pattern.num_targets)
    counts = {"source": pattern.num_sources, "target": pattern.num_targets}
    return dgl.heterograph({("source", "edge", "target"): ends}, num_nodes_dict=counts)


def _edge_index(graph: DGLGraph) -> Tensor:
    return torch.stack(graph.edges(form="uv", order="eid")).to(torch.int64)


def _check_types(graph: DGLGraph, function: str) -> None:
    if len(graph.ntypes) != 1 or len(graph.canonical_etypes) != 1:
        raise DataError(_several_types(graph, function))


def _several_types(graph: DGLGraph, function: str) -> str:
    return (
        f"{function} takes one type of nodes and edges; got nodes {list(graph.ntypes)} and edges"
        f" {list(graph.canonical_etypes)}; take one type out, or dgl.to_homogeneous"
    )


def _named(data: Mapping[str, Tensor], name: str, kind: str, argument: str) -> Tensor:
    if name not in data:
        known = list(data)
        raise DataError(
            f"the graph has no {kind} data {name!r}; it has {known}{nearest_name(name, known)}."
            f" Say which to take with {argument}="
        )
    return data[name]
