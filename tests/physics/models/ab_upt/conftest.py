"""Cases for AB-UPT, and its equations written out for one case at a time.

The oracle names its parameters as the tutorial's weights are named. It packs and pads as the
equations do, loops over edges, pairs and heads, and knows no batches, no cache and no ragged rows.
"""

import math

import pytest
import torch
from torch import nn

from graphformers.physics.models.ab_upt import ABUPTConfig, Branch, Geometry, PointSet

EPS = 1e-6


def omega(dim, coordinates):
    """As a buffer of the published programs: in single precision."""
    g = dim % coordinates
    pad = g + coordinates * (((dim - g) // coordinates) % 2)
    e = (dim - pad) // coordinates
    waves = [10000 ** (-2 * j / e) for j in range(e // 2)]
    return torch.tensor(waves, dtype=torch.float64).float()


class OracleSincos(nn.Module):
    def __init__(self, dim, coordinates):
        super().__init__()
        self.dim = dim
        self.register_buffer("omega", omega(dim, coordinates))

    def forward(self, x):
        code = []
        for axis in range(x.shape[1]):
            code += [torch.sin(x[:, [axis]] * self.omega), torch.cos(x[:, [axis]] * self.omega)]
        code = torch.cat(code, dim=1)
        return torch.cat([code, x.new_zeros(len(x), self.dim - code.shape[1])], dim=1)


class OracleRope(nn.Module):
    def __init__(self, head_dim, space):
        super().__init__()
        self.pairs = head_dim // 2
        self.register_buffer("omega", omega(head_dim, space))

    def forward(self, x):
        angles = torch.cat([x[:, [axis]] * self.omega for axis in range(x.shape[1])], dim=1)
        return nn.functional.pad(angles, (0, self.pairs - angles.shape[1]))


def turned(x, angles):
    """Interleaved pairs of one head as complex numbers."""
    numbers = torch.complex(x[:, 0::2], x[:, 1::2]) * torch.exp(1j * angles)
    return torch.stack([numbers.real, numbers.imag], dim=2).flatten(1)


def attention(q, k, v, q_angles, k_angles, heads):
    outputs = []
    for head in range(heads):
        width = q.shape[1] // heads
        here = slice(head * width, (head + 1) * width)
        query, key = turned(q[:, here], q_angles), turned(k[:, here], k_angles)
        outputs.append((query @ key.T / math.sqrt(width)).softmax(-1) @ v[:, here])
    return torch.cat(outputs, dim=1)


class OracleMLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        h = self.fc1(x)
        return self.fc2(h * 0.5 * (1 + torch.erf(h / math.sqrt(2))))


class OracleBlock(nn.Module):
    """Tokens (x) read anchors, both normalised alike."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=EPS), nn.LayerNorm(dim, eps=EPS)
        self.attn = nn.Module()
        self.attn.qkv, self.attn.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.mlp = OracleMLP(dim)

    def forward(self, x, angles, anchors, anchor_angles):
        q, _, _ = self.attn.qkv(self.norm1(x)).chunk(3, dim=1)
        _, k, v = self.attn.qkv(self.norm1(anchors)).chunk(3, dim=1)
        x = x + self.attn.proj(attention(q, k, v, angles, anchor_angles, self.heads))
        return x + self.mlp(self.norm2(x))


class OraclePerceiver(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.norm1q, self.norm1kv = nn.LayerNorm(dim, eps=EPS), nn.LayerNorm(dim, eps=EPS)
        self.norm2 = nn.LayerNorm(dim, eps=EPS)
        self.attn = nn.Module()
        self.attn.q, self.attn.kv = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim)
        self.attn.proj = nn.Linear(dim, dim)
        self.mlp = OracleMLP(dim)

    def forward(self, x, angles, geometry, geometry_angles):
        q = self.attn.q(self.norm1q(x))
        k, v = self.attn.kv(self.norm1kv(geometry)).chunk(2, dim=1)
        x = x + self.attn.proj(attention(q, k, v, angles, geometry_angles, self.heads))
        return x + self.mlp(self.norm2(x))


class OracleEncoder(nn.Module):
    def __init__(self, dim, space, radius, most):
        super().__init__()
        self.radius, self.most = radius, most
        self.pos_embed, self.rel_pos_embed = OracleSincos(dim, space), OracleSincos(dim, space + 1)
        self.message = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
        self.proj = nn.Linear(2 * dim, dim)

    def forward(self, positions, supernodes):
        rows = []
        for number in supernodes.tolist():
            centre = positions[number]
            near = [x for x in positions if (centre - x).norm() <= self.radius][: self.most]
            edges = torch.stack([torch.cat([centre - x, (centre - x).norm()[None]]) for x in near])
            pooled = self.message(self.rel_pos_embed(edges)).mean(0)
            rows.append(torch.cat([pooled, self.pos_embed(centre[None])[0]]))
        return self.proj(torch.stack(rows))


class OracleABUPT(nn.Module):
    """One case: tokens are the anchors and the queries of every branch together."""

    def __init__(self, config):
        super().__init__()
        self.config, dim, heads = config, config.dim, config.heads
        self.rope = OracleRope(dim // heads, config.space)
        self.encoder = OracleEncoder(dim, config.space, config.radius, config.max_neighbors)
        self.geometry_blocks = nn.ModuleList(
            OracleBlock(dim, heads) for _ in range(config.geometry_blocks)
        )
        self.pos_embed = OracleSincos(dim, config.space)
        kinds = [OraclePerceiver if one == "perceiver" else OracleBlock for one in config.blocks]
        self.blocks = nn.ModuleList(kind(dim, heads) for kind in kinds)
        for branch in config.branches:
            bias = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
            own = nn.ModuleList(OracleBlock(dim, heads) for _ in range(branch.blocks))
            self.add_module(f"{branch.name}_bias", bias)
            self.add_module(f"{branch.name}_blocks", own)
            self.add_module(f"{branch.name}_decoder", nn.Linear(dim, sum(branch.fields.values())))

    def forward(self, geometry, supernodes, anchors, queries):
        shape = self.encoder(geometry, supernodes)
        shape_angles = self.rope(geometry[supernodes])
        for block in self.geometry_blocks:
            shape = block(shape, shape_angles, shape, shape_angles)
        places = {name: torch.cat([anchors[name], queries[name]]) for name in anchors}
        count = {name: len(anchors[name]) for name in anchors}
        angles = {name: self.rope(one) for name, one in places.items()}
        x = {
            name: self.get_submodule(f"{name}_bias")(self.pos_embed(one))
            for name, one in places.items()
        }

        def of_anchors(values, names):
            return torch.cat([values[name][: count[name]] for name in names])

        for kind, block in zip(self.config.blocks, self.blocks, strict=True):
            if kind == "perceiver":
                x = {name: block(x[name], angles[name], shape, shape_angles) for name in x}
                continue
            seen = {
                name: {
                    "self": [name],
                    "cross": [other for other in x if other != name],
                    "joint": list(x),
                }[kind]
                for name in x
            }
            x = {
                name: block(
                    x[name], angles[name], of_anchors(x, seen[name]), of_anchors(angles, seen[name])
                )
                for name in x
            }
        for name in x:
            for block in self.get_submodule(f"{name}_blocks"):
                read = of_anchors(x, [name]), of_anchors(angles, [name])
                x[name] = block(x[name], angles[name], *read)
        fields = {name: self.get_submodule(f"{name}_decoder")(x[name]) for name in x}
        return (
            {name: fields[name][: count[name]] for name in x},
            {name: fields[name][count[name] :] for name in x},
        )


def small_config(**changes):
    branches = (
        Branch(name="surface", fields={"pressure": 1, "shear": 3}, blocks=1),
        Branch(name="volume", fields={"velocity": 3}, blocks=2),
    )
    sizes = {"dim": 36, "heads": 2, "radius": 6.0, "max_neighbors": 5, "neighbor_choice": "first"}
    kinds = {"blocks": ("perceiver", "self", "cross", "joint")}
    return ABUPTConfig(**({"branches": branches} | sizes | kinds | changes))


def draw_case(config, sizes, seed=0, dtype=torch.float64):
    """Geometry, anchors and queries of one case; ``sizes``: points, supernodes, then by branch."""
    generator = torch.Generator().manual_seed(seed)

    def draw(count):
        return 10 * torch.rand(count, config.space, generator=generator, dtype=dtype)

    points, supernodes, *counts = sizes
    chosen = torch.randperm(points, generator=generator)[:supernodes]
    names = [branch.name for branch in config.branches]
    anchors = {name: draw(count) for name, (count, _) in zip(names, counts, strict=True)}
    queries = {name: draw(count) for name, (_, count) in zip(names, counts, strict=True)}
    return draw(points), chosen, anchors, queries


def together(cases):
    """Several cases of the oracle as one batch of the model."""
    geometries, chosen, anchors, queries = zip(*cases, strict=True)
    ptr = ends(geometries)
    shifted = [one + start for one, start in zip(chosen, ptr.tolist(), strict=False)]
    geometry = Geometry(positions=torch.cat(geometries), supernodes=torch.cat(shifted), ptr=ptr)
    return geometry, point_sets(anchors), point_sets(queries)


def point_sets(cases):
    return {
        name: PointSet(
            positions=torch.cat([one[name] for one in cases]), ptr=ends([c[name] for c in cases])
        )
        for name in cases[0]
    }


def ends(parts):
    return torch.tensor([0, *[len(one) for one in parts]]).cumsum(0)


@pytest.fixture
def config():
    return small_config


@pytest.fixture
def case():
    return draw_case


@pytest.fixture
def batch_of():
    return together


@pytest.fixture
def oracle():
    """The equations as a module for a configuration, in float64."""

    def build(config):
        torch.manual_seed(0)
        return OracleABUPT(config).double()

    return build


@pytest.fixture
def oracles():
    """Parts of the equations alone."""
    return {
        "encoder": OracleEncoder,
        "sincos": OracleSincos,
        "self": OracleBlock,
        "perceiver": OraclePerceiver,
        "rope": OracleRope,
    }
