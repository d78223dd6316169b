"""Training steps of continuum attention beside the same equations in plain torch.

On a line the peer holds all weights of a layer at once, as trapezoid sums over pairs; on a grid it
transforms every patch by FFT, once for queries, for keys and for values.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from graphformers.benchmarks.workload import OURS, Contender, Workload
from graphformers.graph_batch import GraphBatch
from graphformers.layers import GraphAttention, SpectralLayer
from graphformers.physics import (
    FourierAttentionNeuralOperator,
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
)
from graphformers.physics.models.continuum.patch_attention import PatchAttention

SIZES = (256, 1024, 4096)
LINE = TransformerNeuralOperatorConfig(dim=64, heads=4, layers=1)
GRID = FourierAttentionNeuralOperatorConfig(dim=16, heads=4, layers=1, patches=(8, 8), modes=(4, 4))


def workloads(size: int) -> Iterator[Workload]:
    """Forward and backward on ``size`` times, and on a square grid of about as many points."""
    yield Workload(
        operation="TNO step",
        order="irregular times",
        size=size,
        unit="points",
        contenders=on_times(size),
        tolerance=1e-3,
    )
    side = 16 * max(round(size**0.5 / 16), 1)
    yield Workload(
        operation="FANO step",
        order="grid",
        size=side * side,
        unit="points",
        contenders=on_grid(side),
        tolerance=1e-3,
    )


def on_times(points: int) -> dict[str, Contender]:
    """One case in the layout found fastest, in the sparse one, and as trapezoid sums."""
    generator = torch.Generator().manual_seed(0)
    times = torch.rand(points, 1, generator=generator).sort(dim=0).values
    batch = GraphBatch(
        x=torch.randn(points, 1, generator=generator),
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        ptr=torch.tensor([0, points]),
        positions=times,
    )
    published = transformer(replace(LINE, layout="padded", quadrature="never"))
    published.attentions = nn.ModuleList(
        TrapezoidAttention(cast(GraphAttention, one), times[:, 0].diff())
        for one in published.attentions
    )
    models = {
        OURS: transformer(LINE),
        "graphformers, sparse": transformer(replace(LINE, layout="sparse")),
        "torch": published,
    }
    return {name: step(one, partial(one, batch)) for name, one in models.items()}


def on_grid(side: int) -> dict[str, Contender]:
    """Four cases: one transform by products, and three by FFT."""
    inputs = torch.randn(4, side, side, 1, generator=torch.Generator().manual_seed(0))
    ours, published = fourier_attention(GRID), fourier_attention(replace(GRID, transform="fft"))
    for attention in published.attentions:
        part = cast(PatchAttention, attention)
        part.query_key_value = ThreeTransforms(cast(SpectralLayer, part.query_key_value))
    models = {OURS: ours, "torch": published}
    return {name: step(one, partial(one.on_grid, inputs)) for name, one in models.items()}


def transformer(config: TransformerNeuralOperatorConfig) -> TransformerNeuralOperator:
    """The same weights whatever the layout."""
    torch.manual_seed(0)
    return TransformerNeuralOperator(config).eval()


def fourier_attention(
    config: FourierAttentionNeuralOperatorConfig,
) -> FourierAttentionNeuralOperator:
    """The same weights whatever the transform."""
    torch.manual_seed(0)
    return FourierAttentionNeuralOperator(config).eval()


def step(model: nn.Module, forward: Callable[[], Tensor]) -> Contender:
    """One forward and backward pass; its result is the output and all gradients."""

    def run() -> tuple[Tensor, ...]:
        out = forward()
        return out.detach(), *torch.autograd.grad(out.square().mean(), list(model.parameters()))

    return run


class TrapezoidAttention(nn.Module):
    """The published sums over neighbouring points, with all weights in memory."""

    def __init__(self, projections: GraphAttention, interval: Tensor):
        super().__init__()
        self.projections = projections
        self.interval = interval

    def forward(self, x: Tensor, layout: object, bias: object) -> Tensor:
        """Attend among the points of one case; the layout is known, the bias never used."""
        del layout, bias
        heads = self.projections.heads
        projected = self.projections.query_key_value(x).unflatten(-1, (3, heads, -1))
        query, key, value = projected.permute(1, 2, 0, 3)
        score = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5
        raised = (score - score.amax(-1, keepdim=True)).exp()
        half = self.interval / 2
        total = ((raised[..., 1:] + raised[..., :-1]) * half).sum(-1, keepdim=True)
        weight = raised / total
        later, sooner = weight[..., 1:] * half, weight[..., :-1] * half
        mixed = later @ value[:, 1:] + sooner @ value[:, :-1]
        return self.projections.output(mixed.transpose(0, 1).flatten(1))


class ThreeTransforms(nn.Module):
    """Queries, keys and values each from a transform of their own."""

    def __init__(self, layer: SpectralLayer):
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """The three, side by side."""
        mapped = []
        for weight in self.layer.weight.chunk(3, dim=-2):
            part = {"weight": weight}
            mapped.append(torch.func.functional_call(self.layer, part, (x,)))
        return torch.cat(mapped, dim=-1)
