"""Graphs of different size, laid end to end: what every model here reads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kept import kept
from graphformers.kernels import SparsePattern


@dataclass(frozen=True, eq=False, kw_only=True)
class GraphBatch:
    """Several graphs as one: the nodes of all graphs one after the other, the edges likewise.

    A whole data set in memory is one ``GraphBatch`` too; ``select`` takes a batch out of it.

    ``edge_index`` row 0 is the source, row 1 the target, numbered over the whole batch. The edges
    of one graph stay together, in the order of the graphs. ``target`` has one row per graph
    (``(graphs, tasks)``) or one per node (``(nodes, fields)``); NaN marks what nobody measured.
    ``pair_encodings`` have a row for each of ``pairs``, all ordered pairs inside each graph.
    """

    x: Tensor  # (nodes, features), categories (int64) or numbers
    edge_index: Int[Tensor, "2 edges"]
    ptr: Int[Tensor, " graphs_plus_1"]  # first node of every graph, and the number of nodes
    edge_attr: Tensor | None = None  # (edges,) or (edges, features)
    positions: Float[Tensor, "nodes space"] | None = None
    conditions: Float[Tensor, "graphs conditions"] | None = None  # one vector per graph
    encodings: Mapping[str, Tensor] = field(default_factory=dict)  # each (nodes, ...)
    pair_encodings: Mapping[str, Tensor] = field(default_factory=dict)  # each (pairs, ...)
    encoded_with: tuple[object, ...] = ()  # the encodings that were computed, with their settings
    target: Tensor | None = None
    target_per_node: bool = False

    def __post_init__(self) -> None:
        if self.edge_index.ndim != 2 or self.edge_index.shape[0] != 2:
            raise ShapeError(f"edge_index must be (2, edges); got {tuple(self.edge_index.shape)}")
        for name, rows, expected in self._sizes():
            if rows.shape[0] != expected:
                raise ShapeError(f"{name} must have {expected} rows; got {rows.shape[0]}")

    def _sizes(self) -> Iterator[tuple[str, Tensor, int]]:
        if self.edge_attr is not None:
            yield "edge_attr", self.edge_attr, self.num_edges
        if self.positions is not None:
            yield "positions", self.positions, self.num_nodes
        if self.conditions is not None:
            yield "conditions", self.conditions, self.num_graphs
        if self.target is not None:
            rows = self.num_nodes if self.target_per_node else self.num_graphs
            yield "target", self.target, rows
        for name, encoding in self.encodings.items():
            yield f"encoding {name!r}", encoding, self.num_nodes
        if self.pair_encodings and not torch.compiler.is_compiling():
            pairs = int(self.pair_ptr[-1])
            for name, encoding in self.pair_encodings.items():
                yield f"pair encoding {name!r}", encoding, pairs

    @property
    def num_nodes(self) -> int:
        """Nodes of all graphs together."""
        return self.x.shape[0]

    @property
    def num_edges(self) -> int:
        """Edges of all graphs together."""
        return self.edge_index.shape[1]

    @property
    def num_graphs(self) -> int:
        """Number of graphs."""
        return self.ptr.shape[0] - 1

    def __len__(self) -> int:
        return self.num_graphs

    @kept
    def batch(self) -> Int[Tensor, " nodes"]:
        """Graph of every node."""
        graphs = torch.arange(self.num_graphs, device=self.ptr.device)
        return graphs.repeat_interleave(self.ptr.diff(), output_size=self.num_nodes)

    @kept
    def fault(self) -> str | None:
        """What is wrong with ``ptr`` or ``edge_index``, or nothing; looked for once."""
        return _ptr_fault(self) or _edge_fault(self)

    def check(self) -> None:
        """Raise ``ShapeError`` unless every edge joins two nodes of one graph.

        Compiled code does not look.
        """
        if not torch.compiler.is_compiling() and self.fault is not None:
            raise ShapeError(self.fault)

    @kept
    def edge_ptr(self) -> Int[Tensor, " graphs_plus_1"]:
        """First edge of every graph, and the number of edges."""
        return torch.searchsorted(self.edge_graph, torch.arange(len(self) + 1).to(self.ptr))

    @kept
    def edge_graph(self) -> Int[Tensor, " edges"]:
        """Graph of every edge."""
        return self.batch[self.edge_index[0]]

    @kept
    def pair_ptr(self) -> Int[Tensor, " graphs_plus_1"]:
        """First pair of every graph, and the number of pairs."""
        return torch.nn.functional.pad(self.ptr.diff().square().cumsum(0), (1, 0))

    @kept
    def edges(self) -> SparsePattern:
        """The graphs' own edges as a sparsity pattern."""
        return SparsePattern.from_edge_index(
            self.edge_index, num_targets=self.num_nodes, num_sources=self.num_nodes
        )

    @kept
    def pairs(self) -> SparsePattern:
        """All ordered pairs of nodes inside each graph, self pairs included."""
        known = next((one.shape[0] for one in self.pair_encodings.values()), None)
        return SparsePattern.complete(self.ptr, num_nodes=self.num_nodes, num_pairs=known)

    def select(self, graphs: Int[Tensor, " selected"] | Sequence[int]) -> "GraphBatch":
        """The given graphs, in the given order (a graph may be taken twice)."""
        chosen = torch.as_tensor(graphs, dtype=torch.int64, device=self.ptr.device)
        nodes, ptr = _slices(self.ptr, chosen)
        edges, edge_ptr = _slices(self.edge_ptr, chosen)
        shift = (ptr[:-1] - self.ptr[chosen]).repeat_interleave(edge_ptr.diff())
        pairs = _slices(self.pair_ptr, chosen)[0] if self.pair_encodings else nodes
        graph_target = None if self.target is None or self.target_per_node else chosen
        rows = nodes if self.target_per_node else graph_target
        return GraphBatch(
            x=self.x[nodes],
            edge_index=self.edge_index[:, edges] + shift,
            ptr=ptr,
            edge_attr=_take(self.edge_attr, edges),
            positions=_take(self.positions, nodes),
            conditions=_take(self.conditions, chosen),
            encodings={name: value[nodes] for name, value in self.encodings.items()},
            pair_encodings={name: value[pairs] for name, value in self.pair_encodings.items()},
            encoded_with=self.encoded_with,
            target=None if self.target is None or rows is None else self.target[rows],
            target_per_node=self.target_per_node,
        )

    @staticmethod
    def concatenate(batches: Sequence["GraphBatch"]) -> "GraphBatch":
        """All graphs of several batches, which must carry the same optional tensors."""
        if not batches:
            raise ShapeError("concatenate needs at least one batch")
        first = batches[0]
        starts = _cumulative([one.num_nodes for one in batches])
        ptr = [one.ptr[:-1] + start for one, start in zip(batches, starts, strict=False)]

        def joined(name: str) -> Tensor | None:
            values = [getattr(one, name) for one in batches]
            return None if values[0] is None else torch.cat(values)

        def joined_encodings(name: str) -> dict[str, Tensor]:
            values = [getattr(one, name) for one in batches]
            return {key: torch.cat([one[key] for one in values]) for key in values[0]}

        return GraphBatch(
            x=torch.cat([one.x for one in batches]),
            edge_index=torch.cat(
                [one.edge_index + start for one, start in zip(batches, starts, strict=False)], dim=1
            ),
            ptr=torch.cat([*ptr, first.ptr.new_tensor([starts[-1]])]),
            edge_attr=joined("edge_attr"),
            positions=joined("positions"),
            conditions=joined("conditions"),
            encodings=joined_encodings("encodings"),
            pair_encodings=joined_encodings("pair_encodings"),
            encoded_with=first.encoded_with,
            target=joined("target"),
            target_per_node=first.target_per_node,
        )

    def map(self, function: Callable[[Tensor], Tensor]) -> "GraphBatch":
        """The same batch with every tensor passed through ``function`` (a move, a pin, a cast)."""
        changed: dict[str, object] = {
            kind: {name: function(value) for name, value in getattr(self, kind).items()}
            for kind in ("encodings", "pair_encodings")
        }
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Tensor):
                changed[one.name] = function(value)
        return replace(self, **changed)  # pyright: ignore[reportArgumentType]

    def to(self, device: torch.device | str) -> "GraphBatch":
        """Copy to a device."""
        return self.map(lambda tensor: tensor.to(device))


@runtime_checkable
class GraphSource(Protocol):
    """Anything graphs can be taken from: a ``GraphBatch`` in memory, a mesh store on disk."""

    def __len__(self) -> int:
        """Number of graphs."""
        ...

    def select(self, graphs: Int[Tensor, " selected"] | Sequence[int]) -> GraphBatch:
        """The given graphs as one batch, in the given order."""
        ...


def _ptr_fault(graphs: GraphBatch) -> str | None:
    ptr, nodes = graphs.ptr, graphs.num_nodes
    rows = ptr.ndim == 1 and ptr.shape[0] > 0
    if rows and bool((ptr[0] == 0) & (ptr[-1] == nodes) & (ptr.diff() >= 0).all()):
        return None
    shown = f"{ptr.flatten()[:8].tolist()}{' and more' if ptr.numel() > 8 else ''}"
    return f"ptr must ascend from 0 to {nodes}, the number of nodes; got {shown}"


def _edge_fault(graphs: GraphBatch) -> str | None:
    if graphs.num_edges == 0:
        return None
    lowest, highest = (int(one) for one in graphs.edge_index.aminmax())
    if lowest < 0 or highest >= graphs.num_nodes:
        return (
            f"edge_index must number the {graphs.num_nodes} nodes of the batch from 0; "
            f"got {lowest} to {highest}"
        )
    both_ends = graphs.batch.index_select(0, graphs.edge_index.flatten())
    source_graph, target_graph = both_ends.view(2, -1)
    if torch.equal(source_graph, target_graph):
        return None
    edge = int((source_graph != target_graph).nonzero()[0, 0])
    source, target = graphs.edge_index[:, edge].tolist()
    return (
        f"edge {edge} joins node {source} of graph {int(source_graph[edge])} and node {target} of "
        f"graph {int(target_graph[edge])}; edges must join nodes of one graph"
    )


def _take(values: Tensor | None, rows: Tensor) -> Tensor | None:
    return None if values is None else values[rows]


def _cumulative(sizes: Sequence[int]) -> list[int]:
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size)
    return starts


def _slices(ptr: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Row numbers of the chosen segments, one segment after the other, and their new pointer."""
    sizes = ptr.diff()[chosen]
    new_ptr = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    offsets = (ptr[chosen] - new_ptr[:-1]).repeat_interleave(sizes)
    return torch.arange(offsets.shape[0], device=ptr.device) + offsets, new_ptr
