"""Scenes for Volt, and the equations written out for one voxel, token and head at a time.

The oracle below follows the published equations and names its parameters as the published weights
are named. It keeps patches in a dictionary, loops over scenes and heads, and writes every voxel
into its patch, the later over the earlier.
"""

import math

import pytest
import torch
from torch import nn

from graphformers.physics.models import VoltConfig

BASE = 100.0


def oracle_tokens(coordinates, scene, width):
    """Patches in sorted order with their number, and the place of every voxel in its patch."""
    cells, offsets = [], []
    for row, number in zip(coordinates.tolist(), scene.tolist(), strict=True):
        cells.append((number, *(math.floor(x / width) for x in row)))
        offset = 0
        for x in row:
            offset = offset * width + x % width
        offsets.append(offset)
    numbers = {cell: number for number, cell in enumerate(sorted(set(cells)))}
    return numbers, [numbers[cell] for cell in cells], offsets


def oracle_rotation(cell, pairs):
    """The complex number every pair is multiplied by, for one token."""
    turned = []
    for coordinate, count in zip(cell, pairs, strict=True):
        for i in range(count):
            share = i / (count - 1) if count > 1 else 0.0
            turned.append(torch.polar(torch.tensor(1.0), torch.tensor(coordinate / BASE**share)))
    return torch.stack(turned)


class OracleTokenizer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.places = config.patch**config.space
        self.proj = nn.Linear(self.places * config.channels, config.dim)

    def forward(self, feat, tokens, offsets, count):
        dense = feat.new_zeros(count, self.places, feat.shape[1])
        for row, token, offset in zip(feat, tokens, offsets, strict=True):
            dense[token, offset] = row
        return self.proj(dense.flatten(1))


class OracleAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        dim, self.heads, self.width = config.dim, config.heads, config.dim // config.heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        if config.qk_norm:
            self.q_norm, self.k_norm = nn.LayerNorm(self.width), nn.LayerNorm(self.width)
        else:
            self.q_norm = self.k_norm = nn.Identity()

    def forward(self, x, scene, rotation):
        query, key, value = self.qkv(x).chunk(3, dim=1)
        mixed = torch.zeros_like(x)
        for head in range(self.heads):
            here = slice(head * self.width, (head + 1) * self.width)
            q = self.turned(self.q_norm(query[:, here]), rotation)
            k = self.turned(self.k_norm(key[:, here]), rotation)
            for number in set(scene):
                own = torch.tensor([one == number for one in scene])
                weights = (q[own] @ k[own].T / math.sqrt(self.width)).softmax(-1)
                mixed = mixed.index_put(
                    (own.nonzero(), torch.arange(x.shape[1])[here]), weights @ value[own, here]
                )
        return self.proj(mixed)

    @staticmethod
    def turned(x, rotation):
        pairs = torch.complex(x[:, 0::2], x[:, 1::2]) * rotation
        return torch.stack([pairs.real, pairs.imag], dim=-1).flatten(1)


class OracleScale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(torch.randn(dim))

    def forward(self, x):
        return self.gamma * x


class OracleBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        dim, scaled = config.dim, config.layer_scale is not None
        self.norm1, self.attn = nn.LayerNorm(dim), OracleAttention(config)
        self.norm2, self.mlp = nn.LayerNorm(dim), nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.ls1, self.ls2 = (OracleScale(dim) if scaled else nn.Identity() for _ in range(2))

    def forward(self, x, scene, rotation):
        x = x + self.ls1(self.attn(self.norm1(x), scene, rotation))
        hidden = self.mlp.fc1(self.norm2(x))
        gelu = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
        return x + self.ls2(self.mlp.fc2(gelu))


class OracleDecoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        out, self.places = config.decoder_dim, config.patch**config.space

        def norm(width):
            return nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)

        self.pre = nn.Sequential(
            norm(config.dim), nn.GELU(),
            nn.Linear(config.dim, out, bias=False), norm(out), nn.GELU(),
        )  # fmt: skip
        self.unembed = nn.Module()
        self.unembed.bias = nn.Parameter(torch.randn(out))
        self.unembed.proj = nn.Linear(out, self.places * out, bias=False)
        self.post = nn.Sequential(norm(out), nn.GELU())

    def forward(self, tokens, token, offsets):
        everywhere = self.unembed.proj(self.pre(tokens)).view(len(tokens), self.places, -1)
        picked = [everywhere[t, o] for t, o in zip(token, offsets, strict=True)]
        return self.post(torch.stack(picked) + self.unembed.bias)


class OracleVolt(nn.Module):
    """The whole model on scenes named by a number for every voxel."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.tokenizer = OracleTokenizer(config)
        self.blocks = nn.ModuleList(OracleBlock(config) for _ in range(config.depth))
        self.decoder = OracleDecoder(config)
        for norm in self.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.running_mean.normal_()
                norm.running_var.uniform_(0.5, 2.0)

    def forward(self, coordinates, feat, scene):
        numbers, token, offsets = oracle_tokens(coordinates, scene, self.config.patch)
        x = self.tokenizer(feat, token, offsets, len(numbers))
        pairs = self.config.rotary_pairs
        rotation = torch.stack([oracle_rotation(cell[1:], pairs) for cell in numbers])
        for block in self.blocks:
            x = block(x, [cell[0] for cell in numbers], rotation)
        return self.decoder(x, token, offsets)


class OracleSegmentor(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.backbone, width = OracleVolt(config.backbone), config.backbone.decoder_dim
        self.seg_heads = nn.ModuleDict(
            {name: nn.Linear(width, count) for name, count in config.classes.items()}
        )
        self.distill_heads = nn.ModuleDict(
            {name: nn.Linear(width, count) for name, count in config.classes.items()}
        )


def small_config(**changes):
    sizes = {"dim": 32, "heads": 2, "depth": 2, "decoder_dim": 8, "channels": 3, "patch": 3}
    return VoltConfig(**(sizes | changes))


def random_scenes(space=3, sizes=(30, 1, 0, 45), channels=3, seed=0, span=10):
    """Voxels of several scenes, some of them twice, some negative: coordinates, features, ptr."""
    generator = torch.Generator().manual_seed(seed)
    count = sum(sizes)
    coordinates = torch.randint(-span // 2, span // 2, (count, space), generator=generator)
    features = torch.randn(count, channels, generator=generator, dtype=torch.get_default_dtype())
    return coordinates, features, torch.tensor([0, *sizes]).cumsum(0)


@pytest.fixture
def double_precision():
    """Everything made in the test is double precision, the waves of the rotary code too."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def oracle():
    return OracleVolt


@pytest.fixture
def segmentor_oracle():
    return OracleSegmentor


@pytest.fixture
def token_oracle():
    return oracle_tokens


@pytest.fixture
def config():
    return small_config


@pytest.fixture
def scenes():
    return random_scenes
