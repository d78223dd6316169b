"""The equations of whole PhysGTOs, written out for one case at a time."""

import pytest
import torch
from torch import nn

from graphformers.physics.models import TransientTask


def edge_vectors(positions, senders, receivers, direction):
    difference = positions[receivers] - positions[senders]
    length = (difference**2).sum(-1, keepdim=True).sqrt()
    if direction == "both":
        return torch.cat([difference, length], dim=-1)
    return torch.cat([difference, -difference, length], dim=-1)


class OracleStatic(nn.Module):
    """Variant A on one case."""

    def __init__(self, config, parts):
        super().__init__()
        self.position_code = parts.position_code
        self.config, dim, hidden, space = config, config.dim, config.hidden, config.space
        code = 2 * config.octaves * space + space
        edge_in = space + 1 if config.edge_direction == "both" else 2 * space + 1
        self.encoder = nn.Module()
        self.encoder.fv1 = parts.mlp(config.task.node_features + space, dim, hidden)
        self.mixer = nn.Module()
        self.mixer.fe = parts.mlp(edge_in, dim, hidden)
        self.mixer.blocks = nn.ModuleList(
            parts.block(config, dim + code) for _ in range(config.blocks)
        )
        self.decoder = nn.Module()
        self.decoder.delta_net = nn.Sequential(
            nn.Linear(dim, dim), nn.LayerNorm(dim), nn.SiLU(),
            nn.Linear(dim, dim), nn.LayerNorm(dim), nn.SiLU(),
            nn.Linear(dim, config.task.fields),
        )  # fmt: skip

    def forward(self, case):
        senders, receivers = case.edge_index
        direction = self.config.edge_direction
        v = self.encoder.fv1(torch.cat([case.x, case.positions], dim=-1))
        e = self.mixer.fe(edge_vectors(case.positions, senders, receivers, direction))
        s_enc = self.position_code(case.positions, self.config.octaves)
        for block in self.mixer.blocks:
            v, e = block(v, e, s_enc, v[:, :0], senders, receivers)
        return self.decoder.delta_net(v)


class OracleTransient(nn.Module):
    """Variant B on one case: the next state."""

    def __init__(self, config, parts):
        super().__init__()
        self.position_code = parts.position_code
        self.config, dim, hidden, space = config, config.dim, config.hidden, config.space
        task, code = config.task, 2 * config.octaves * space + space
        self.encoder = nn.Module()
        self.encoder.fv1 = parts.mlp(task.fields, dim, hidden, layers=2)
        self.encoder.fv_type = parts.mlp(task.node_types, dim, hidden, layers=2)
        self.encoder.enc_t = parts.mlp(1, dim, hidden, layers=2)
        self.encoder.fv2 = parts.mlp(2 * dim, dim, hidden, layers=2)
        self.encoder.fe = parts.mlp(2 * space + 1, dim, hidden)
        self.mixer = nn.Module()
        self.mixer.blocks = nn.ModuleList(
            parts.block(config, 2 * dim + code) for _ in range(config.blocks)
        )
        self.decoder = nn.Module()
        self.decoder.alpha = nn.Parameter(torch.tensor(1 / 30))
        self.decoder.state_out = nn.Sequential(
            nn.Linear(2 * dim, dim), nn.LayerNorm(dim), nn.SiLU(),
            nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, task.fields),
        )  # fmt: skip

    def forward(self, case):
        senders, receivers = case.edge_index
        state, kind = case.x[:, : self.config.task.fields], case.x[:, self.config.task.fields :]
        v = self.encoder.fv1(state)
        cond = self.encoder.fv_type(kind) + self.encoder.enc_t(case.conditions)
        v = self.encoder.fv2(torch.cat([v, cond], dim=-1))
        e = self.encoder.fe(edge_vectors(case.positions, senders, receivers, "single"))
        s_enc = self.position_code(case.positions, self.config.octaves)
        for block in self.mixer.blocks:
            v, e = block(v, e, s_enc, cond, senders, receivers)
        change = self.decoder.state_out(torch.cat([v, cond], dim=-1))
        alpha = self.decoder.alpha
        return state + change * (alpha * torch.sigmoid(alpha))


class OracleSurface(nn.Module):
    """Variant C on one case."""

    def __init__(self, config, parts):
        super().__init__()
        self.position_code = parts.position_code
        self.config, dim, hidden, space = config, config.dim, config.hidden, config.space
        code = 2 * config.octaves * space + space
        self.encoder = nn.Module()
        self.encoder.fv1 = parts.mlp(config.task.node_features + space, dim, hidden)
        self.encoder.fv2 = parts.mlp(config.task.conditions, dim, hidden)
        self.encoder.fv3 = parts.mlp(dim, dim, hidden)
        self.mixer = nn.Module()
        self.mixer.fe = parts.mlp(2 * space + 1, dim, hidden)
        self.mixer.blocks = nn.ModuleList(
            parts.block(config, dim + code) for _ in range(config.blocks)
        )
        self.decoder = nn.Module()
        self.decoder.delta_out = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.decoder.state_out = nn.Sequential(
            nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, config.task.fields)
        )
        if config.drag:
            self.decoder.const = nn.Parameter(torch.tensor(0.7))

    def forward(self, case):
        senders, receivers = case.edge_index
        v = self.encoder.fv1(torch.cat([case.x, case.positions], dim=-1))
        cond = self.encoder.fv2(case.conditions)
        v = self.encoder.fv3(v + cond)
        e = self.mixer.fe(edge_vectors(case.positions, senders, receivers, "single"))
        s_enc = self.position_code(case.positions, self.config.octaves)
        for block in self.mixer.blocks:
            v, e = block(v + cond, e, s_enc, v[:, :0], senders, receivers)
        v = v + self.decoder.delta_out(v + cond)
        return self.decoder.state_out(v)

    def drag(self, case):
        const = self.decoder.const
        return const * torch.sigmoid(const) * self(case).sum(0, keepdim=True)


@pytest.fixture
def oracle(part_oracles):
    """The equations as a module for a configuration, in float64."""

    def build(config):
        static = OracleSurface if config.conditioning == "added" else OracleStatic
        kind = OracleTransient if isinstance(config.task, TransientTask) else static
        return kind(config, part_oracles).double()

    return build
