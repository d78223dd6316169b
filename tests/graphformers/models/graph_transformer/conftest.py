"""GT written down once more, literally: loops over edges and heads, their names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.models import GraphTransformerConfig
from graphformers.models.features import CategoricalFeatures, NoFeatures, NumericFeatures

POOLS = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}
EPSILON = 1e-6  # of their denominators


@dataclass(frozen=True)
class Authors:
    """The published equations on a state dict in the authors' layout, in evaluation mode."""

    weights: dict[str, Tensor]
    config: GraphTransformerConfig

    def linear(self, x: Tensor, name: str) -> Tensor:
        y = x @ self.weights[f"{name}.weight"].T
        return y + self.weights[f"{name}.bias"] if f"{name}.bias" in self.weights else y

    def norm(self, x: Tensor, number: int, letter: str, layer: str) -> Tensor:
        kind = "layer_norm" if self.config.layer_norm else "batch_norm"
        name = f"{layer}.{kind}{number}_{letter}"
        if self.config.layer_norm:
            mean, variance = x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)
        else:
            mean, variance = (self.weights[f"{name}.running_{one}"] for one in ("mean", "var"))
        scaled = (x - mean) / (variance + 1e-5).sqrt()
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def __call__(self, batch: GraphBatch) -> Tensor:
        h, e = self.nodes(batch), self.edges(batch)
        for layer in range(self.config.layers):
            h, e = self.layer(h, e, batch.edge_index, f"layers.{layer}")
        ends = zip(batch.ptr[:-1].tolist(), batch.ptr[1:].tolist(), strict=True)
        y = torch.stack([POOLS[self.config.head.pool](h[a:b], dim=0) for a, b in ends])
        y = self.linear(y, "MLP_layer.FC_layers.0").relu()
        y = self.linear(y, "MLP_layer.FC_layers.1").relu()
        return self.linear(y, "MLP_layer.FC_layers.2")

    def nodes(self, batch: GraphBatch) -> Tensor:
        if isinstance(self.config.nodes, NumericFeatures):
            h = self.linear(batch.x, "embedding_h")
        else:
            h = self.weights["embedding_h.weight"][batch.x[:, 0]]
        if self.config.eigenvectors is not None:
            h = h + self.linear(
                batch.encodings["eigenvectors"].nan_to_num(nan=0.0), "embedding_lap_pos_enc"
            )
        if self.config.colours is not None:
            h = h + self.weights["embedding_wl_pos_enc.weight"][batch.encodings["wl_colours"][:, 0]]
        return h

    def edges(self, batch: GraphBatch) -> Tensor:
        if isinstance(self.config.edges, CategoricalFeatures):
            return self.weights["embedding_e.weight"][batch.edge_attr[:, 0]]
        ones = torch.ones(batch.num_edges, 1, dtype=torch.float64)
        numbers = ones if isinstance(self.config.edges, NoFeatures) else batch.edge_attr
        return self.linear(numbers, "embedding_e")

    def layer(self, h: Tensor, e: Tensor, edge_index: Tensor, name: str) -> tuple[Tensor, Tensor]:
        h_attention, e_attention = self.attention(h, e, edge_index, f"{name}.attention")
        return (
            self.update(h, h_attention, "h", name),
            self.update(e, e_attention, "e", name),
        )

    def update(self, x: Tensor, attended: Tensor, letter: str, name: str) -> Tensor:
        kept = 1.0 if self.config.residual else 0.0
        x = self.norm(kept * x + self.linear(attended, f"{name}.O_{letter}"), 1, letter, name)
        hidden = self.linear(x, f"{name}.FFN_{letter}_layer1").relu()
        y = self.linear(hidden, f"{name}.FFN_{letter}_layer2")
        return self.norm(kept * x + y, 2, letter, name)

    def attention(
        self, h: Tensor, e: Tensor, edge_index: Tensor, name: str
    ) -> tuple[Tensor, Tensor]:
        q, k, v = (self.linear(h, f"{name}.{letter}") for letter in "QKV")
        proj_e = self.linear(e, f"{name}.proj_e")
        width = self.config.dim // self.config.heads
        wv, z, score = torch.zeros_like(h), torch.zeros_like(h), torch.zeros_like(e)
        for number, (j, i) in enumerate(edge_index.T.tolist()):
            for head in range(self.config.heads):
                part = slice(head * width, (head + 1) * width)
                score[number, part] = k[j, part] * q[i, part] / width**0.5 * proj_e[number, part]
                weight = score[number, part].sum().clamp(-5, 5).exp()
                wv[i, part] += weight * v[j, part]
                z[i, part] += weight
        return wv / (z + EPSILON), score


Shape = tuple[str, tuple[int, ...]]


def official_weights(config: GraphTransformerConfig) -> dict[str, Tensor]:
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


def _shapes(config: GraphTransformerConfig) -> Iterator[Shape]:
    dim, nodes, edges = config.dim, config.nodes, config.edges
    if isinstance(nodes, NumericFeatures):
        yield from _linear("embedding_h", nodes.count, dim)
    else:
        yield "embedding_h.weight", (nodes.sizes[0], dim)
    if isinstance(edges, CategoricalFeatures):
        yield "embedding_e.weight", (edges.sizes[0], dim)
    else:
        yield from _linear("embedding_e", 1 if isinstance(edges, NoFeatures) else edges.count, dim)
    if config.eigenvectors is not None:
        yield from _linear("embedding_lap_pos_enc", config.eigenvectors.count, dim)
    if config.colours is not None:
        yield "embedding_wl_pos_enc.weight", (config.colours.count, dim)
    for layer in range(config.layers):
        yield from _layer(config, f"layers.{layer}")
    widths = [dim, dim // 2, dim // 4, config.head.out]
    for layer in range(3):
        yield from _linear(f"MLP_layer.FC_layers.{layer}", widths[layer], widths[layer + 1])


def _layer(config: GraphTransformerConfig, name: str) -> Iterator[Shape]:
    dim = config.dim
    for letter in ("Q", "K", "V", "proj_e"):
        yield f"{name}.attention.{letter}.weight", (dim, dim)
    for letter in "he":
        yield from _linear(f"{name}.O_{letter}", dim, dim)
        yield from _linear(f"{name}.FFN_{letter}_layer1", dim, 2 * dim)
        yield from _linear(f"{name}.FFN_{letter}_layer2", 2 * dim, dim)
        for number in (1, 2):
            norm = "layer_norm" if config.layer_norm else "batch_norm"
            yield f"{name}.{norm}{number}_{letter}.weight", (dim,)
            yield f"{name}.{norm}{number}_{letter}.bias", (dim,)
            if not config.layer_norm:
                yield f"{name}.{norm}{number}_{letter}.running_mean", (dim,)
                yield f"{name}.{norm}{number}_{letter}.running_var", (dim,)
                yield f"{name}.{norm}{number}_{letter}.num_batches_tracked", ()


def _linear(name: str, dim_in: int, dim: int) -> Iterator[Shape]:
    yield f"{name}.weight", (dim, dim_in)
    yield f"{name}.bias", (dim,)


@pytest.fixture
def weights_for() -> Callable[[GraphTransformerConfig], dict[str, Tensor]]:
    return official_weights


@pytest.fixture
def authors() -> Callable[[dict[str, Tensor], GraphTransformerConfig], Authors]:
    return Authors
