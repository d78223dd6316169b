"""PPGT written down once more, literally: a dense table per graph, loops, the authors' names."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from graphformers.graph_batch import GraphBatch
from graphformers.models.features import CategoricalFeatures, NoFeatures, NumericFeatures
from graphformers.models.ppgt import GELUGraphHeadConfig, PPGTConfig

POOLS = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}
PAIRS = "pos_enc.edge_encoders"


def adjacency(batch: GraphBatch, graph: int) -> Tensor:
    """0 and 1; an edge in either direction counts, once."""
    start, end = batch.ptr[graph : graph + 2].tolist()
    table = torch.zeros(end - start, end - start, dtype=torch.float64)
    for source, target in batch.edge_index.T.tolist():
        if start <= source < end:
            table[source - start, target - start] = 1.0
    return ((table + table.T) / 2 > 0).double()


def rrwp(table: Tensor, steps: int, symmetric: bool) -> Tensor:
    """[I, P, ..., P^steps], (row, column, steps + 1)."""
    degree = table.sum(1)
    inverse = torch.where(degree > 0, 1 / degree, 0.0)
    walk = inverse[:, None] * table
    if symmetric:
        walk = inverse.sqrt()[:, None] * table * inverse.sqrt()[None, :]
    powers = [torch.eye(len(table), dtype=torch.float64)]
    for _ in range(steps):
        powers.append(powers[-1] @ walk)
    return torch.stack(powers, dim=-1)


@dataclass(frozen=True)
class Authors:
    """The published equations on a state dict in the authors' layout, in evaluation mode."""

    weights: dict[str, Tensor]
    config: PPGTConfig

    def linear(self, x: Tensor, name: str) -> Tensor:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, x: Tensor, name: str) -> Tensor:
        alpha, beta = (self.weights[f"{name}.norm_layer.{part}"] for part in ("alpha", "beta"))
        plain = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()
        return plain * ((alpha * x + beta).square().mean(-1, keepdim=True) + 1e-6).sqrt()

    def embed(self, x: Tensor, features: object, encoder: str, several: str) -> Tensor:
        if isinstance(features, NumericFeatures):
            return self.linear(x.double(), f"{encoder}.encoder")
        if isinstance(features, CategoricalFeatures) and len(features.sizes) > 1:
            names = (f"{encoder}.{several}.{column}.weight" for column in range(x.shape[1]))
            return sum(self.weights[name][one] for name, one in zip(names, x.T, strict=True))
        return self.weights[f"{encoder}.encoder.weight"][x.flatten()]

    def __call__(self, batch: GraphBatch) -> Tensor:
        x = self.embed(batch.x, self.config.nodes, "feat_enc.node_encoder", "atom_embedding_list")
        edge = self.edges(batch)
        states = []
        for graph in range(len(batch)):
            rows = slice(*batch.ptr[graph : graph + 2].tolist())
            table = adjacency(batch, graph)
            walks = rrwp(table, self.config.walk.steps, self.config.walk.symmetric)
            pos = None if batch.positions is None else batch.positions[rows]
            h = x[rows] + self.node_encodings(walks, table.sum(1), pos)
            pair = self.pair(walks, table.sum(1), pos)
            for number, (source, target) in enumerate(batch.edge_index.T.tolist()):
                if edge is not None and rows.start <= source < rows.stop:
                    pair[target - rows.start, source - rows.start] += edge[number]
            states.append(self.backbone(h, self.edge_ffn(pair)))
        return self.head(states)

    def edges(self, batch: GraphBatch) -> Tensor | None:
        kind = self.config.edges
        if kind is None:
            return None
        attr = batch.edge_attr
        if isinstance(kind, NoFeatures):
            attr = torch.zeros(batch.num_edges, dtype=torch.int64)
        return self.embed(attr, kind, "feat_enc.edge_encoder", "bond_embedding_list")

    def node_encodings(self, walks: Tensor, degree: Tensor, pos: Tensor | None) -> Tensor:
        size = len(walks)
        columns = [torch.stack([walks[node, node] for node in range(size)])]
        columns += [] if pos is None else [pos]
        columns += [torch.log(1 + degree)[:, None]] if self.config.log_degree else []
        order = torch.full((size, 1), float(size), dtype=torch.float64).log1p()
        columns += [order] if self.config.log_order else []
        return sum(
            self.linear(column, f"pos_enc.node_encoders.{number}.out_fc")
            for number, column in enumerate(columns)
        )

    def pair(self, walks: Tensor, degree: Tensor, pos: Tensor | None) -> Tensor:
        size, pair = len(walks), self.config.pair
        inverse = [1 / one if one > 0 else 0.0 for one in degree.tolist()]
        rows = []
        for dst in range(size):
            for src in range(size):
                p = walks[dst, src].tolist()
                p += [] if pos is None else (pos[dst] - pos[src]).tolist()
                p += [1 / size] if pair.inverse_size else []
                p += [inverse[src], inverse[dst]] if pair.inverse_degree else []
                waves = [
                    wave(2**octave * math.pi * one)
                    for one in p
                    for octave in range(pair.octaves)
                    for wave in (math.sin, math.cos)
                ]
                rows.append(torch.tensor(p + waves, dtype=torch.float64))
        hidden = F.gelu(self.linear(torch.stack(rows), f"{PAIRS}.0.mlp.0"))
        return self.linear(hidden, f"{PAIRS}.0.out_fc").view(size, size, -1)

    def edge_ffn(self, e: Tensor) -> Tensor:
        if self.config.pair.norm_first:
            e = self.norm(e, f"{PAIRS}.1.pre_backbone_norm")
        for number in range(1, self.config.pair.layers + 1):
            block = f"{PAIRS}.1.mlp.module_{number}"
            h = self.linear(self.norm(e, f"{block}.pre_mlp_norm"), f"{block}.mlp.0")
            e = e + self.weights[f"{block}.res_layer.alpha"] * self.linear(
                F.gelu(h), f"{block}.mlp.3"
            )
        return self.norm(e, f"{PAIRS}.1.post_backbone_norm")

    def backbone(self, x: Tensor, pair: Tensor) -> Tensor:
        if self.config.norm_first:
            x = self.norm(x, "pre_backbone_norm.norm_layer")
        for layer in range(self.config.layers):
            name = f"layers.{layer}"
            attended = self.attention(self.norm(x, f"{name}.norm1_h"), pair, f"{name}.attention")
            x = x + self.weights[f"{name}.res_layer1.alpha"] * attended
            h = F.gelu(self.linear(self.norm(x, f"{name}.norm2_h"), f"{name}.FFN.0"))
            x = x + self.weights[f"{name}.res_layer2.alpha"] * self.linear(h, f"{name}.FFN.4")
        return self.norm(x, "post_backbone_norm.norm_layer")

    def attention(self, x: Tensor, pair: Tensor, name: str) -> Tensor:
        heads, size = self.config.heads, len(x)
        width = x.shape[1] // heads
        q = self.linear(x, f"{name}.Q").view(size, heads, width)
        k, v = self.linear(x, f"{name}.KV").view(size, 2, heads, width).unbind(1)
        p = self.linear(pair, f"{name}.P")
        bias, gate = p[..., :heads], p[..., heads:]
        out = torch.zeros_like(q)
        for head in range(heads):
            for i in range(size):
                dot = k[:, head] @ q[i, head]
                if self.config.scale_dot:
                    dot = dot / width**0.5
                logit = dot - 0.5 * k[:, head].square().sum(1) / width**0.5 + bias[i, :, head]
                alpha = logit.softmax(0) * (1 + gate[i, :, head])
                out[i, head] = alpha @ v[:, head]
        return self.linear(out.flatten(1), f"{name}.O")

    def head(self, states: list[Tensor]) -> Tensor:
        head = self.config.head
        h = torch.cat(states)
        if isinstance(head, GELUGraphHeadConfig):
            h = torch.stack([POOLS[head.pool](one, dim=0) for one in states])
            if head.batch_norm:
                mean, variance, scale, shift = (
                    self.weights[f"post_mp.post_pooling_norm.{part}"]
                    for part in ("running_mean", "running_var", "weight", "bias")
                )
                h = (h - mean) / (variance + 1e-5).sqrt() * scale + shift
        for layer in range(head.layers - 1):
            h = F.gelu(self.linear(h, f"post_mp.mlp.{3 * layer}"))
        return self.linear(h, f"post_mp.mlp.{3 * head.layers - 3}")


def official_weights(config: PPGTConfig) -> dict[str, Tensor]:
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
        elif "res_layer" in name and shape == (1,):
            drawn = torch.ones(1, dtype=torch.float64)
        elif name.endswith("eps"):
            drawn = math.pi * 2.0 ** torch.arange(shape[0], dtype=torch.float64)
        weights[name] = drawn
    return weights


def _shapes(config: PPGTConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    dim, pair = config.dim, config.pair
    yield from _features("feat_enc.node_encoder", config.nodes, dim, "atom_embedding_list")
    if config.edges is not None:
        yield from _features("feat_enc.edge_encoder", config.edges, pair.dim, "bond_embedding_list")
    columns = [config.walk.steps + 1, *[config.coordinates] * (config.coordinates > 0)]
    columns += [1] * (config.log_degree + config.log_order)
    for number, width in enumerate(columns):
        yield from _linear(f"pos_enc.node_encoders.{number}.out_fc", width, dim)
    p = columns[0] + config.coordinates + pair.inverse_size + 2 * pair.inverse_degree
    yield f"{PAIRS}.0.eps", (pair.octaves,)
    yield from _linear(f"{PAIRS}.0.mlp.0", p * (1 + 2 * pair.octaves), pair.hidden)
    yield from _linear(f"{PAIRS}.0.out_fc", pair.hidden, pair.dim)
    yield from _edge_ffn_shapes(config)
    for layer in range(config.layers):
        yield from _layer_shapes(config, f"layers.{layer}")
    if config.norm_first:
        yield from _norm("pre_backbone_norm.norm_layer", dim)
    yield from _norm("post_backbone_norm.norm_layer", dim)
    yield from _head_shapes(config)


def _features(
    encoder: str, kind: object, dim: int, several: str
) -> Iterator[tuple[str, tuple[int, ...]]]:
    if isinstance(kind, NumericFeatures):
        yield from _linear(f"{encoder}.encoder", kind.count, dim)
    elif isinstance(kind, CategoricalFeatures) and len(kind.sizes) > 1:
        for column, size in enumerate(kind.sizes):
            yield f"{encoder}.{several}.{column}.weight", (size, dim)
    else:
        yield f"{encoder}.encoder.weight", (getattr(kind, "sizes", (1,))[0], dim)


def _linear(name: str, dim_in: int, dim: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (dim, dim_in)
    yield f"{name}.bias", (dim,)


def _norm(name: str, dim: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.norm_layer.alpha", (dim,)
    yield f"{name}.norm_layer.beta", (dim,)


def _edge_ffn_shapes(config: PPGTConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    pair = config.pair
    if pair.norm_first:
        yield from _norm(f"{PAIRS}.1.pre_backbone_norm", pair.dim)
    for number in range(1, pair.layers + 1):
        block = f"{PAIRS}.1.mlp.module_{number}"
        yield from _norm(f"{block}.pre_mlp_norm", pair.dim)
        yield from _linear(f"{block}.mlp.0", pair.dim, pair.ratio * pair.dim)
        yield from _linear(f"{block}.mlp.3", pair.ratio * pair.dim, pair.dim)
        yield f"{block}.res_layer.alpha", (1,) if pair.layer_scale is None else (pair.dim,)
    yield from _norm(f"{PAIRS}.1.post_backbone_norm", pair.dim)


def _layer_shapes(config: PPGTConfig, name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    dim = config.dim
    yield from _norm(f"{name}.norm1_h", dim)
    yield from _linear(f"{name}.attention.Q", dim, dim)
    yield from _linear(f"{name}.attention.KV", dim, 2 * dim)
    yield from _linear(f"{name}.attention.O", dim, dim)
    yield from _linear(f"{name}.attention.P", config.pair.dim, 2 * config.heads)
    for number in (1, 2):
        yield f"{name}.res_layer{number}.alpha", (1,) if config.layer_scale is None else (dim,)
    yield from _norm(f"{name}.norm2_h", dim)
    yield from _linear(f"{name}.FFN.0", dim, config.ratio * dim)
    yield from _linear(f"{name}.FFN.4", config.ratio * dim, dim)


def _head_shapes(config: PPGTConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    dim, head = config.dim, config.head
    if isinstance(head, GELUGraphHeadConfig) and head.batch_norm:
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"post_mp.post_pooling_norm.{part}", (dim,)
        yield "post_mp.post_pooling_norm.num_batches_tracked", ()
    widths = [dim, *[max(dim, head.out)] * (head.layers - 1), head.out]
    for layer in range(head.layers):
        yield from _linear(f"post_mp.mlp.{3 * layer}", widths[layer], widths[layer + 1])


@pytest.fixture
def weights_for() -> Callable[[PPGTConfig], dict[str, Tensor]]:
    return official_weights


@pytest.fixture
def authors() -> Callable[[dict[str, Tensor], PPGTConfig], Authors]:
    return Authors
