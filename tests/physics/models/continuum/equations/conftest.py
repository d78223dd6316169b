"""The equations of continuum attention written out, with the names of the published weights.

The oracles loop over heads, pairs and patches, apply the trapezoid rule as it stands, write modes
into the corners of an empty spectrum, and know no batches of different grids.
"""

import math

import pytest
import torch
from torch import nn

from graphformers.physics.models import StaticTask
from graphformers.physics.models.continuum import (
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperatorConfig,
    ViTNeuralOperatorConfig,
)


class Scale(nn.Module):
    """The constant factor of the logits, kept beside the weights."""

    def __init__(self, value):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([float(value)]), requires_grad=False)


class OracleTimeAttention(nn.Module):
    """Trapezoid sums over pairs of neighbouring times, or a plain softmax."""

    def __init__(self, dim, heads, integrate):
        super().__init__()
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(dim, dim) for _ in range(4))
        self.scaled_dot_product_attention = Scale(math.sqrt(dim // heads))
        self.heads, self.integrate = heads, integrate

    def forward(self, x, times):
        query, key, value = self.W_q(x), self.W_k(x), self.W_v(x)
        points, dim = x.shape
        width = dim // self.heads
        rows = []
        for i in range(points):
            parts = []
            for head in range(self.heads):
                here = slice(head * width, (head + 1) * width)
                score = key[:, here] @ query[i, here] / self.scaled_dot_product_attention.scale
                parts.append(self.averaged(score, value[:, here], times))
            rows.append(torch.cat(parts))
        return self.W_o(torch.stack(rows))

    def averaged(self, score, value, times):
        e = torch.exp(score - score.max())
        if not self.integrate:
            return (e / e.sum()) @ value
        step = (times[1:, 0] - times[:-1, 0]).abs()
        total = sum(0.5 * step[j] * (e[j + 1] + e[j]) for j in range(len(step)))
        w = e / total
        return 0.5 * sum(
            step[j] * (w[j + 1] * value[j + 1] + w[j] * value[j]) for j in range(len(step))
        )


class OracleTimeLayer(nn.Module):
    def __init__(self, config, integrate):
        super().__init__()
        self.self_attn = OracleTimeAttention(config.dim, config.heads, integrate)
        self.feed_forward = nn.Module()
        self.feed_forward.fc1 = nn.Linear(config.dim, config.feed_forward)
        self.feed_forward.fc2 = nn.Linear(config.feed_forward, config.dim)
        self.norm1, self.norm2 = nn.LayerNorm(config.dim), nn.LayerNorm(config.dim)

    def forward(self, x, times):
        x = self.norm1(x + self.self_attn(x, times))
        hidden = nn.functional.gelu(self.feed_forward.fc1(x))
        return self.norm2(x + self.feed_forward.fc2(hidden))


class OracleTransformer(nn.Module):
    """One case: u (points, inputs), times or places (points, space), perhaps the initial value."""

    def __init__(self, config):
        super().__init__()
        task, space, dim = config.task, config.space, config.dim
        self.register_buffer("pe_discrete", torch.zeros(1, 402, dim))
        self.register_buffer("even_inds", torch.arange(0, dim, 2))
        self.register_buffer("odd_inds", torch.arange(1, dim, 2))
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(
            OracleTimeLayer(config, integrate=space == 1) for _ in range(config.layers)
        )
        self.linear_in = nn.Linear(task.node_features, dim)
        self.linear_in_position = nn.Linear(task.node_features + space, dim)
        if config.initial_value:
            with_value = task.node_features + space + task.conditions
            self.linear_in_initialcond = nn.Linear(with_value, dim)
        self.linear_out = nn.Linear(dim, task.fields)

    def forward(self, u, times, initial=None):
        x = self.linear_in_position(torch.cat([u, times], dim=-1))
        if initial is not None:
            first = self.linear_in_initialcond(torch.cat([u[0], initial, times[0]]))
            x = torch.cat([first[None], x[1:]])
        for layer in self.encoder.layers:
            x = layer(x, times)
        return self.linear_out(x)


class OracleSpectral(nn.Module):
    """Channels first: (patches, dim_in, rows, columns)."""

    def __init__(self, dim_in, dim_out, modes):
        super().__init__()
        self.modes = modes
        shape = (dim_in, dim_out, *modes)
        self.weights1 = nn.Parameter(torch.randn(shape, dtype=torch.complex64) / dim_in)
        self.weights2 = nn.Parameter(torch.randn(shape, dtype=torch.complex64) / dim_in)

    def forward(self, x):
        return self.mapped(x, self.weights1, self.weights2)

    def mapped(self, x, first, second):
        rows, columns = x.shape[-2:]
        m1, m2 = self.modes
        spectrum = torch.fft.rfft2(x)
        out = spectrum.new_zeros(x.shape[0], first.shape[1], rows, columns // 2 + 1)
        out[:, :, :m1, :m2] = torch.einsum("nixy,ioxy->noxy", spectrum[:, :, :m1, :m2], first)
        high = spectrum[:, :, rows - m1 : rows, :m2]
        out[:, :, rows - m1 : rows, :m2] = torch.einsum("nixy,ioxy->noxy", high, second)
        return torch.fft.irfft2(out, s=(rows, columns))


class OracleHeadsSpectral(OracleSpectral):
    """Weights with the heads last; gives (patches, width of a head, heads, rows, columns)."""

    def __init__(self, dim, heads, modes):
        nn.Module.__init__(self)
        self.modes = modes
        shape = (dim, dim // heads, *modes, heads)
        self.weights1 = nn.Parameter(torch.randn(shape, dtype=torch.complex64) / dim)
        self.weights2 = nn.Parameter(torch.randn(shape, dtype=torch.complex64) / dim)

    def forward(self, x):
        heads = self.weights1.shape[-1]
        each = [self.mapped(x, self.weights1[..., h], self.weights2[..., h]) for h in range(heads)]
        return torch.stack(each, dim=2)


def oracle_patch_scores(query, key, value, scale):
    """Patches of functions (patches, width, heads, rows, columns): the head runs fastest."""
    patches, width, heads, rows, columns = query.shape
    out = torch.zeros_like(value)
    for h in range(heads):
        score = query.new_zeros(patches, patches)
        for p in range(patches):
            for q in range(patches):
                score[p, q] = (query[p, :, h] * key[q, :, h]).sum() / scale
        weight = score.softmax(dim=1)
        for p in range(patches):
            out[p, :, h] = sum(weight[p, q] * value[q, :, h] for q in range(patches))
    return out.reshape(patches, width * heads, rows, columns)


class OracleViTAttention(nn.Module):
    def __init__(self, dim, heads, scale):
        super().__init__()
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(dim, dim) for _ in range(4))
        self.scaled_dot_product_attention = Scale(scale)
        self.heads = heads

    def forward(self, x, scale):
        def split(linear):
            projected = linear(x.movedim(1, -1)).movedim(-1, 1)
            return projected.unflatten(1, (-1, self.heads))

        mixed = oracle_patch_scores(split(self.W_q), split(self.W_k), split(self.W_v), scale)
        return self.W_o(mixed.movedim(1, -1)).movedim(-1, 1)


class OracleFourierAttention(nn.Module):
    def __init__(self, dim, heads, modes, scale):
        super().__init__()
        self.query_operator = OracleHeadsSpectral(dim, heads, modes)
        self.key_operator = OracleHeadsSpectral(dim, heads, modes)
        self.value_operator = OracleHeadsSpectral(dim, heads, modes)
        self.scaled_dot_product_attention = Scale(scale)
        self.out_linear = nn.Linear(dim, dim)

    def forward(self, x, scale):
        query, key, value = self.query_operator(x), self.key_operator(x), self.value_operator(x)
        mixed = oracle_patch_scores(query, key, value, scale)
        return self.out_linear(mixed.movedim(1, -1)).movedim(-1, 1)


class OraclePatchLayer(nn.Module):
    def __init__(self, config, attention):
        super().__init__()
        self.self_attn = attention
        self.linear1 = nn.Linear(config.dim, config.feed_forward)
        self.linear2 = nn.Linear(config.feed_forward, config.dim)
        self.norm1, self.norm2 = nn.LayerNorm(config.dim), nn.LayerNorm(config.dim)

    def forward(self, x, scale):
        x = self.norm1((x + self.self_attn(x, scale)).movedim(1, -1))
        hidden = nn.functional.gelu(self.linear1(x))
        return self.norm2(x + self.linear2(hidden)).movedim(-1, 1)


class OraclePatchModel(nn.Module):
    """One square grid of one function, with as many patches along both axes."""

    def __init__(self, config, side):
        super().__init__()
        self.config = config
        dim, fourier = config.dim, isinstance(config, FourierAttentionNeuralOperatorConfig)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(
            OraclePatchLayer(
                config,
                OracleFourierAttention(dim, config.heads, config.modes, side**2)
                if fourier
                else OracleViTAttention(dim, config.heads, side**2),
            )
            for _ in range(config.layers)
        )
        self.linear_in = nn.Linear(3, dim) if fourier else OracleSpectral(3, dim, config.modes)
        self.linear_out = nn.Linear(dim, 1)
        if config.smoothing_modes is not None:
            self.smoothing = OracleSpectral(1, 1, config.smoothing_modes)

    def forward(self, u):
        side, across = u.shape[-1], self.config.patches[0]
        line = torch.linspace(0, 1, side, dtype=u.dtype)
        channels = torch.stack([u, line[None, :].expand(side, -1), line[:, None].expand(-1, side)])
        p = side // across
        corners = [(p * row, p * column) for row in range(across) for column in range(across)]
        x = torch.stack([channels[:, a : a + p, b : b + p] for a, b in corners])
        if isinstance(self.linear_in, nn.Linear):
            x = self.linear_in(x.movedim(1, -1)).movedim(-1, 1)
        else:
            x = self.linear_in(x)
        for layer in self.encoder.layers:
            x = layer(x, side**2)
        out = self.linear_out(x.movedim(1, -1))[..., 0]
        y = u.new_zeros(side, side)
        for patch, (a, b) in zip(out, corners, strict=True):
            y[a : a + p, b : b + p] = patch
        if self.config.smoothing_modes is not None:
            y = y + self.smoothing(y[None, None])[0, 0]
        return y


TIME = {"dim": 12, "heads": 3, "layers": 2, "feed_forward": 10, "quadrature": "line"}
PATCH = {"dim": 8, "heads": 2, "layers": 2, "feed_forward": 12, "patches": (3, 3)}


@pytest.fixture
def transformer_config():
    def build(**changes):
        task = changes.pop("task", StaticTask(node_features=2, fields=3))
        return TransformerNeuralOperatorConfig(task=task, **(TIME | changes))

    return build


@pytest.fixture(params=["vision", "fourier", "fourier, smoothed"])
def patch_config(request):
    """A small configuration of each patch operator, with the quirks of the published programs."""
    small = PATCH | {"modes": (3, 3), "overwrite_overlapping_modes": True}
    return {
        "vision": ViTNeuralOperatorConfig(**small, smoothing_modes=(5, 4)),
        "fourier": FourierAttentionNeuralOperatorConfig(**small),
        "fourier, smoothed": FourierAttentionNeuralOperatorConfig(**small, smoothing_modes=(4, 5)),
    }[request.param]


def in_double(module):
    """Double precision, complex weights included."""
    for parameter in module.parameters():
        wide = torch.complex128 if parameter.is_complex() else torch.float64
        parameter.data = parameter.data.to(wide)
    return module


@pytest.fixture
def transformer_oracle():
    return lambda config: in_double(OracleTransformer(config))


@pytest.fixture
def patch_oracle():
    return lambda config, side=24: in_double(OraclePatchModel(config, side))


@pytest.fixture
def patch_scores():
    return oracle_patch_scores
