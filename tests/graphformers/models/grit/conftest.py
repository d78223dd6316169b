"""GRIT written down once more, literally: loops over graphs, heads and pairs, their names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from graphformers.graph_batch import GraphBatch
from graphformers.models.features import CategoricalFeatures, NoFeatures, NumericFeatures
from graphformers.models.grit import GRITConfig
from graphformers.models.outputs import HalvingHeadConfig, NodeHeadConfig

POOLS = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}
Shapes = Iterator[tuple[str, tuple[int, ...]]]


def walks(batch: GraphBatch, channels: int) -> Tensor:
    """``[I, P, P^2, ...]`` of every graph in float64, graph by graph, rows by start, then end."""
    rows = []
    for graph in range(len(batch)):
        one = batch.select([graph])
        adjacency = counted(one)
        degree = adjacency.sum(dim=1, keepdim=True)
        step = torch.where(degree > 0, adjacency / degree.clamp(min=1), 0.0)
        powers = [torch.eye(one.num_nodes, dtype=torch.float64)]
        while len(powers) < channels:
            powers.append(powers[-1] @ step)
        rows.append(torch.stack(powers, dim=-1).flatten(0, 1))
    return torch.cat([*rows, torch.zeros(0, channels, dtype=torch.float64)])


def counted(graph: GraphBatch) -> Tensor:
    """How many edges go from one node (row) to another (column) of a single graph."""
    adjacency = torch.zeros(graph.num_nodes, graph.num_nodes, dtype=torch.float64)
    for source, target in graph.edge_index.T.tolist():
        adjacency[source, target] += 1
    return adjacency


@dataclass(frozen=True)
class Authors:
    """The published equations on a state dict in the authors' layout, in evaluation mode."""

    weights: dict[str, Tensor]
    config: GRITConfig

    def linear(self, x: Tensor, name: str) -> Tensor:
        out = x @ self.weights[f"{name}.weight"].T
        return out + self.weights[f"{name}.bias"] if f"{name}.bias" in self.weights else out

    def norm(self, x: Tensor, name: str) -> Tensor:
        parts = ("running_mean", "running_var", "weight", "bias")
        mean, variance, scale, shift = (self.weights[f"{name}.{part}"] for part in parts)
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    def act(self, x: Tensor) -> Tensor:
        return F.gelu(x) if self.config.activation == "gelu" else x.relu()

    def __call__(self, batch: GraphBatch) -> Tensor:
        outputs = [self.graph(batch.select([graph])) for graph in range(len(batch))]
        return torch.cat(outputs)

    def graph(self, graph: GraphBatch) -> Tensor:
        channels = self.config.walk_channels
        walk = walks(graph, channels).view(graph.num_nodes, graph.num_nodes, channels)
        x = self.features(graph.x, self.config.nodes, "node", "atom")
        x = x + self.linear(walk.diagonal().T, "rrwp_abs_encoder.fc")
        pair = self.linear(walk, "rrwp_rel_encoder.fc")  # target, source, channel
        for edge, (source, target) in zip(
            self.edges(graph), graph.edge_index.T.tolist(), strict=True
        ):
            pair[target, source] += edge
        near, log_degree = self.near(graph), (1 + counted(graph).sum(dim=1)).log()
        for layer in range(self.config.layers):
            x, pair = self.layer(x, pair, near, log_degree, f"layers.{layer}")
        return self.head(x)

    def near(self, graph: GraphBatch) -> Tensor:
        """Which sources (columns) each target (row) attends to."""
        adjacency = counted(graph)
        reached = torch.eye(graph.num_nodes, dtype=torch.float64)
        if self.config.hops is None:
            return torch.ones_like(reached, dtype=torch.bool)
        for _ in range(self.config.hops):
            reached = reached + reached @ adjacency
        return (reached > 0).T

    def edges(self, graph: GraphBatch) -> Tensor:
        return self.features(graph.edge_attr, self.config.edges, "edge", "bond", graph.num_edges)

    def features(self, x, kind: object, what: str, list_name: str, rows: int = 0) -> Tensor:
        encoder = f"encoder.{what}_encoder"
        if isinstance(kind, NumericFeatures):
            return self.linear(x, f"{encoder}.encoder")
        if isinstance(kind, NoFeatures):
            return self.weights[f"{encoder}.encoder.weight"].expand(rows, -1)
        if len(kind.sizes) == 1:
            return self.weights[f"{encoder}.encoder.weight"][x[:, 0]]
        names = [f"{encoder}.{list_name}_embedding_list.{c}.weight" for c in range(x.shape[1])]
        return sum(self.weights[name][column] for name, column in zip(names, x.T, strict=True))

    def layer(
        self, x: Tensor, pair: Tensor, near: Tensor, log_degree: Tensor, name: str
    ) -> tuple[Tensor, Tensor]:
        h, e = self.attention(x, pair, near, f"{name}.attention")
        if self.config.degree_scaler:
            own, by_degree = self.weights[f"{name}.deg_coef"][0].T
            h = h * own + h * log_degree[:, None] * by_degree
        h, e = self.linear(h, f"{name}.O_h"), self.linear(e, f"{name}.O_e")
        h = self.norm(x + h, f"{name}.batch_norm1_h")
        e = self.norm(pair + e, f"{name}.batch_norm1_e")
        wide = self.act(self.linear(h, f"{name}.FFN_h_layer1"))
        return self.norm(h + self.linear(wide, f"{name}.FFN_h_layer2"), f"{name}.batch_norm2_h"), e

    def attention(self, x: Tensor, pair: Tensor, near: Tensor, name: str) -> tuple[Tensor, Tensor]:
        nodes, heads, width = len(x), self.config.heads, self.config.dim // self.config.heads
        q, k, v = (self.linear(x, f"{name}.{one}").view(nodes, heads, width) for one in "QKV")
        maps = self.linear(pair, f"{name}.E").view(nodes, nodes, heads, 2 * width)
        out, scores = torch.zeros_like(q), torch.zeros(nodes, nodes, heads, width).to(x)
        for head in range(heads):
            channel_weight = self.weights[f"{name}.Aw"][:, head, 0]
            pair_value = self.weights[f"{name}.VeRow"][:, head]
            for i in range(nodes):
                sources = near[i].nonzero().flatten().tolist()
                for j in sources:
                    scale, shift = maps[i, j, head, :width], maps[i, j, head, width:]
                    score = (q[i, head] + k[j, head]) * scale
                    score = score.relu().sqrt() - (-score).relu().sqrt()
                    scores[i, j, head] = (score + shift).relu()
                logit = (scores[i, sources, head] @ channel_weight).clamp(-5, 5)
                weight = logit.exp() / logit.exp().sum()
                out[i, head] = weight @ v[sources, head]
                out[i, head] += weight @ scores[i, sources, head] @ pair_value
        return out.flatten(1), scores.flatten(2)

    def head(self, x: Tensor) -> Tensor:
        head = self.config.head
        if not isinstance(head, NodeHeadConfig):
            x = POOLS[head.pool](x, dim=0, keepdim=True)
        if isinstance(head, HalvingHeadConfig):
            x = self.act(self.linear(x, "post_mp.FC_layers.0"))
            x = self.act(self.linear(x, "post_mp.FC_layers.1"))
            return self.linear(x, "post_mp.FC_layers.2")
        mlp = "post_mp.layer_post_mp.model"
        for layer in range(head.layers - 1):
            x = self.linear(x, f"{mlp}.0.Layer_{layer}.layer.model").relu()
            x = x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)
        return self.linear(x, f"{mlp}.0.model" if head.layers == 1 else f"{mlp}.1.model")


def official_weights(config: GRITConfig) -> dict[str, Tensor]:
    """Random weights under the names and shapes a published model of this configuration has."""
    generator = torch.Generator().manual_seed(5)
    weights: dict[str, Tensor] = {}
    for name, shape in _shapes(config):
        drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
        if name.endswith("running_var"):
            drawn = 0.5 + drawn.abs()
        elif name.endswith(("VeRow", "Aw")) or (name.endswith("weight") and len(shape) == 2):
            drawn = drawn / shape[-1] ** 0.5
        elif name.endswith("padding"):
            drawn = torch.zeros_like(drawn)
        elif name.endswith("num_batches_tracked"):
            drawn = torch.tensor(7)
        weights[name] = drawn
    return weights


def _shapes(config: GRITConfig) -> Shapes:
    dim = config.dim
    yield from _feature_shapes("node", "atom", config.nodes, dim)
    yield from _feature_shapes("edge", "bond", config.edges, dim)
    yield "rrwp_abs_encoder.fc.weight", (dim, config.walk_channels)
    yield "rrwp_rel_encoder.padding", (1, dim)
    yield "rrwp_rel_encoder.fc.weight", (dim, config.walk_channels)
    for layer in range(config.layers):
        yield from _layer_shapes(config, f"layers.{layer}")
    yield from _head_shapes(config)


def _feature_shapes(what: str, list_name: str, kind: object, dim: int) -> Shapes:
    encoder = f"encoder.{what}_encoder"
    if isinstance(kind, NumericFeatures):
        yield from _linear(f"{encoder}.encoder", kind.count, dim)
    elif isinstance(kind, CategoricalFeatures) and len(kind.sizes) > 1:
        for column, size in enumerate(kind.sizes):
            yield f"{encoder}.{list_name}_embedding_list.{column}.weight", (size, dim)
    else:
        rows = kind.sizes[0] if isinstance(kind, CategoricalFeatures) else 1
        yield f"{encoder}.encoder.weight", (rows, dim)


def _linear(name: str, dim_in: int, dim: int) -> Shapes:
    yield f"{name}.weight", (dim, dim_in)
    yield f"{name}.bias", (dim,)


def _layer_shapes(config: GRITConfig, name: str) -> Shapes:
    dim, heads = config.dim, config.heads
    width, attention = dim // heads, f"{name}.attention"
    yield f"{name}.deg_coef", (1, dim, 2)
    yield f"{attention}.Aw", (width, heads, 1)
    yield f"{attention}.VeRow", (width, heads, width)
    yield from _linear(f"{attention}.Q", dim, dim)
    yield f"{attention}.K.weight", (dim, dim)
    yield from _linear(f"{attention}.E", dim, 2 * dim)
    yield f"{attention}.V.weight", (dim, dim)
    yield from _linear(f"{name}.O_h", dim, dim)
    yield from _linear(f"{name}.O_e", dim, dim)
    for norm in ("batch_norm1_h", "batch_norm1_e", "batch_norm2_h"):
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.{norm}.{part}", (dim,)
        yield f"{name}.{norm}.num_batches_tracked", ()
    yield from _linear(f"{name}.FFN_h_layer1", dim, 2 * dim)
    yield from _linear(f"{name}.FFN_h_layer2", 2 * dim, dim)


def _head_shapes(config: GRITConfig) -> Shapes:
    dim, head = config.dim, config.head
    if isinstance(head, HalvingHeadConfig):
        widths = [dim, dim // 2, dim // 4, head.out]
        for layer in range(3):
            yield from _linear(f"post_mp.FC_layers.{layer}", widths[layer], widths[layer + 1])
        return
    mlp = "post_mp.layer_post_mp.model"
    for layer in range(head.layers - 1):
        yield from _linear(f"{mlp}.0.Layer_{layer}.layer.model", dim, dim)
    yield from _linear(f"{mlp}.{1 if head.layers > 1 else 0}.model", dim, head.out)


@pytest.fixture
def weights_for() -> Callable[[GRITConfig], dict[str, Tensor]]:
    return official_weights


@pytest.fixture
def authors() -> Callable[[dict[str, Tensor], GRITConfig], Authors]:
    return Authors


@pytest.fixture
def literal_walks() -> Callable[[GraphBatch, int], Tensor]:
    return walks
