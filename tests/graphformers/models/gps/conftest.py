"""GPS written down once more, literally: loops over graphs, edges and frequencies, their names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from graphformers.encodings import encode
from graphformers.graph_batch import GraphBatch
from graphformers.models.features import CategoricalFeatures, NoFeatures, NumericFeatures
from graphformers.models.gps import GINEConfig, GPSConfig
from graphformers.models.outputs import HalvingHeadConfig, NodeHeadConfig

POOLS = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}


@dataclass(frozen=True)
class Authors:
    """The published equations on a state dict in the authors' layout, in evaluation mode."""

    weights: dict[str, Tensor]
    config: GPSConfig

    def linear(self, x: Tensor, name: str) -> Tensor:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, x: Tensor, name: str) -> Tensor:
        mean, variance, scale, shift = (
            self.weights[f"{name}.{part}"].view(1, -1, *[1] * (x.ndim - 2))
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    def act(self, x: Tensor) -> Tensor:
        return F.gelu(x) if self.config.activation == "gelu" else x.relu()

    def __call__(self, batch: GraphBatch) -> Tensor:
        x, edge = self.nodes(batch), self.edges(batch)
        for layer in range(self.config.layers):
            x, edge = self.layer(x, edge, batch, f"layers.{layer}")
        return self.head(x, batch)

    def nodes(self, batch: GraphBatch) -> Tensor:
        encoder = "encoder.node_encoder"
        config = self.config
        bare = isinstance(config.nodes, NumericFeatures)
        features, encoding = (encoder, encoder) if bare else (f"{encoder}.encoder1",) * 2
        if bare:
            columns = [self.linear(batch.x, f"{features}.linear_x")]
        else:
            encoding = f"{encoder}.encoder2"
            columns = [
                self.embed(batch.x, config.nodes, f"{features}.atom_embedding_list", features)
            ]
        if config.random_walk is not None:
            walks = self.norm(batch.encodings["rwse"], f"{encoding}.raw_norm")
            columns.append(self.linear(walks, f"{encoding}.pe_encoder"))
        if config.eigenvectors is not None:
            columns.append(self.deep_set(batch, encoding))
        return torch.cat(columns, dim=1)

    def embed(self, x: Tensor, features: CategoricalFeatures, several: str, single: str) -> Tensor:
        if len(features.sizes) == 1:
            return self.weights[f"{single}.encoder.weight"][x[:, 0]]
        tables = [self.weights[f"{several}.{column}.weight"] for column in range(x.shape[1])]
        return sum(table[column] for table, column in zip(tables, x.T, strict=True))

    def deep_set(self, batch: GraphBatch, encoder: str) -> Tensor:
        vectors, values = batch.encodings["eigenvectors"], batch.encodings["eigenvalues"]
        rows = []
        for vector, value in zip(vectors, values, strict=True):
            total = torch.zeros(self.config.eigenvectors.dim).to(vectors)
            for entry, eigenvalue in zip(vector, value, strict=True):
                if not entry.isnan():
                    pair = torch.stack([entry, eigenvalue])
                    hidden = self.linear(pair, f"{encoder}.linear_A").relu()
                    total = total + self.linear(hidden, f"{encoder}.pe_encoder.1").relu()
            rows.append(total)
        return torch.stack(rows)

    def edges(self, batch: GraphBatch) -> Tensor:
        encoder, features = "encoder.edge_encoder", self.config.edges
        if isinstance(features, NumericFeatures):
            return self.linear(batch.edge_attr, f"{encoder}.encoder")
        if isinstance(features, CategoricalFeatures):
            return self.embed(batch.edge_attr, features, f"{encoder}.bond_embedding_list", encoder)
        return self.weights[f"{encoder}.encoder.weight"].expand(batch.num_edges, -1)

    def layer(self, x: Tensor, edge: Tensor, batch: GraphBatch, name: str) -> tuple[Tensor, Tensor]:
        local = self.gine if isinstance(self.config.local, GINEConfig) else self.gated_gcn
        x_local, edge = local(x, edge, batch.edge_index, f"{name}.local_model")
        attended = x + self.attention(x, batch.ptr, f"{name}.self_attn")
        h = self.norm(x_local, f"{name}.norm1_local") + self.norm(attended, f"{name}.norm1_attn")
        wide = self.act(self.linear(h, f"{name}.ff_linear1"))
        return self.norm(h + self.linear(wide, f"{name}.ff_linear2"), f"{name}.norm2"), edge

    def gine(self, x: Tensor, edge: Tensor, edge_index: Tensor, name: str) -> tuple[Tensor, Tensor]:
        received = [(1 + self.weights[f"{name}.eps"][0]) * row for row in x]
        for number, (j, i) in enumerate(edge_index.T.tolist()):
            received[i] = received[i] + (x[j] + edge[number]).relu()
        hidden = self.act(self.linear(torch.stack(received), f"{name}.nn.0"))
        return x + self.linear(hidden, f"{name}.nn.2"), edge

    def gated_gcn(
        self, x: Tensor, edge: Tensor, edge_index: Tensor, name: str
    ) -> tuple[Tensor, Tensor]:
        a, b, d, e = (self.linear(x, f"{name}.{letter}") for letter in "ABDE")
        c = self.linear(edge, f"{name}.C")
        total, weight, gates = torch.zeros_like(x), torch.zeros_like(x), []
        for number, (j, i) in enumerate(edge_index.T.tolist()):
            gates.append(d[i] + e[j] + c[number])
            total[i] += gates[-1].sigmoid() * b[j]
            weight[i] += gates[-1].sigmoid()
        gate = torch.stack(gates) if gates else torch.zeros_like(c)
        x_hat = a + total / (weight + 1e-6)
        return (
            x + self.act(self.norm(x_hat, f"{name}.bn_node_x")),
            edge + self.act(self.norm(gate, f"{name}.bn_edge_e")),
        )

    def attention(self, x: Tensor, ptr: Tensor, name: str) -> Tensor:
        projected = x @ self.weights[f"{name}.in_proj_weight"].T
        query, key, value = (projected + self.weights[f"{name}.in_proj_bias"]).chunk(3, dim=1)
        width = self.config.dim // self.config.heads
        out = torch.zeros_like(x)
        for start, end in zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True):
            for head in range(self.config.heads):
                part = slice(start, end), slice(head * width, (head + 1) * width)
                score = query[part] @ key[part].T / width**0.5
                out[part] = score.softmax(dim=1) @ value[part]
        return self.linear(out, f"{name}.out_proj")

    def head(self, x: Tensor, batch: GraphBatch) -> Tensor:
        head = self.config.head
        if not isinstance(head, NodeHeadConfig):
            pairs = zip(batch.ptr[:-1].tolist(), batch.ptr[1:].tolist(), strict=True)
            x = torch.stack([POOLS[head.pool](x[start:end], dim=0) for start, end in pairs])
        if isinstance(head, HalvingHeadConfig):
            x = self.act(self.linear(x, "post_mp.FC_layers.0"))
            x = self.act(self.linear(x, "post_mp.FC_layers.1"))
            return self.linear(x, "post_mp.FC_layers.2")
        mlp = "post_mp.layer_post_mp.model"
        for layer in range(head.layers - 1):
            x = self.linear(x, f"{mlp}.0.Layer_{layer}.layer.model").relu()
            x = x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)
        return self.linear(x, f"{mlp}.0.model" if head.layers == 1 else f"{mlp}.1.model")


def official_weights(config: GPSConfig) -> dict[str, Tensor]:
    """Random weights under the names and shapes a published model of this configuration has."""
    generator = torch.Generator().manual_seed(5)
    weights: dict[str, Tensor] = {}
    for name, shape in _shapes(config):
        drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
        if name.endswith("running_var"):
            drawn = 0.5 + drawn.abs()
        elif name.endswith("weight") and len(shape) == 2:
            drawn = drawn / shape[1] ** 0.5
        elif name.endswith("num_batches_tracked"):
            drawn = torch.tensor(7)
        weights[name] = drawn
    return weights


def _shapes(config: GPSConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    dim = config.dim
    yield from _node_encoder_shapes(config)
    edges, encoder = config.edges, "encoder.edge_encoder"
    if isinstance(edges, NumericFeatures):
        yield from _linear(f"{encoder}.encoder", edges.count, dim)
    elif isinstance(edges, CategoricalFeatures) and len(edges.sizes) > 1:
        for column, size in enumerate(edges.sizes):
            yield f"{encoder}.bond_embedding_list.{column}.weight", (size, dim)
    else:
        rows = edges.sizes[0] if isinstance(edges, CategoricalFeatures) else 1
        yield f"{encoder}.encoder.weight", (rows, dim)
    for layer in range(config.layers):
        yield from _layer_shapes(config, f"layers.{layer}")
    yield from _head_shapes(config)


def _linear(name: str, dim_in: int, dim: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (dim, dim_in)
    yield f"{name}.bias", (dim,)


def _norm(name: str, dim: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (dim,)
    yield f"{name}.num_batches_tracked", ()


def _node_encoder_shapes(config: GPSConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    encoder, nodes = "encoder.node_encoder", config.nodes
    features, encoding = f"{encoder}.encoder1", f"{encoder}.encoder2"
    if isinstance(nodes, NumericFeatures):
        features = encoding = encoder
        yield from _linear(f"{features}.linear_x", nodes.count, config.feature_dim)
    elif len(nodes.sizes) == 1:
        yield f"{features}.encoder.weight", (nodes.sizes[0], config.feature_dim)
    else:
        for column, size in enumerate(nodes.sizes):
            yield f"{features}.atom_embedding_list.{column}.weight", (size, config.feature_dim)
    if config.random_walk is not None:
        steps, width = config.random_walk.steps, config.random_walk.dim
        yield from _norm(f"{encoding}.raw_norm", steps)
        yield from _linear(f"{encoding}.pe_encoder", steps, width)
    if config.eigenvectors is not None:
        width = config.eigenvectors.dim
        yield from _linear(f"{encoding}.linear_A", 2, 2 * width)
        yield from _linear(f"{encoding}.pe_encoder.1", 2 * width, width)


def _layer_shapes(config: GPSConfig, name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    dim, local = config.dim, f"{name}.local_model"
    if isinstance(config.local, GINEConfig):
        yield f"{local}.eps", (1,)
        yield from _linear(f"{local}.nn.0", dim, dim)
        yield from _linear(f"{local}.nn.2", dim, dim)
    else:
        for letter in "ABCDE":
            yield from _linear(f"{local}.{letter}", dim, dim)
        yield from _norm(f"{local}.bn_node_x", dim)
        yield from _norm(f"{local}.bn_edge_e", dim)
    yield f"{name}.self_attn.in_proj_weight", (3 * dim, dim)
    yield f"{name}.self_attn.in_proj_bias", (3 * dim,)
    yield from _linear(f"{name}.self_attn.out_proj", dim, dim)
    for norm in ("norm1_local", "norm1_attn", "norm2"):
        yield from _norm(f"{name}.{norm}", dim)
    yield from _linear(f"{name}.ff_linear1", dim, 2 * dim)
    yield from _linear(f"{name}.ff_linear2", 2 * dim, dim)


def _head_shapes(config: GPSConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    dim, head = config.dim, config.head
    if isinstance(head, HalvingHeadConfig):
        widths = [dim, dim // 2, dim // 4, head.out]
        for layer in range(3):
            yield from _linear(f"post_mp.FC_layers.{layer}", widths[layer], widths[layer + 1])
        return
    mlp = "post_mp.layer_post_mp.model"
    for layer in range(head.layers - 1):
        yield from _linear(f"{mlp}.0.Layer_{layer}.layer.model", dim, dim)
    last = f"{mlp}.0.model" if head.layers == 1 else f"{mlp}.1.model"
    yield from _linear(last, dim, head.out)


def draw_batch(config: GPSConfig, sizes: tuple[int, ...] = (6, 1, 12)) -> GraphBatch:
    generator = torch.Generator().manual_seed(2)
    starts = [0, *torch.tensor(sizes).cumsum(0).tolist()]
    edges = [
        start + torch.randint(size, (2, 3 * size - 3), generator=generator)
        for start, size in zip(starts, sizes, strict=False)
    ]
    edge_index = torch.cat(edges, dim=1)

    def features(kind, rows):
        if isinstance(kind, NoFeatures):
            return None
        if isinstance(kind, NumericFeatures):
            return torch.randn(rows, kind.count, generator=generator, dtype=torch.float64)
        drawn = [torch.randint(size, (rows,), generator=generator) for size in kind.sizes]
        return torch.stack(drawn, dim=1)

    batch = GraphBatch(
        x=features(config.nodes, starts[-1]),
        edge_index=edge_index,
        ptr=torch.tensor(starts),
        edge_attr=features(config.edges, edge_index.shape[1]),
    )
    batch = encode(batch, config.encodings)
    return replace(
        batch, encodings={name: value.double() for name, value in batch.encodings.items()}
    )


@pytest.fixture
def weights_for() -> Callable[[GPSConfig], dict[str, Tensor]]:
    return official_weights


@pytest.fixture
def authors() -> Callable[[dict[str, Tensor], GPSConfig], Authors]:
    return Authors


@pytest.fixture
def random_batch() -> Callable[[GPSConfig], GraphBatch]:
    return draw_batch
