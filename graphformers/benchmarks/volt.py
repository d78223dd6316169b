"""A Volt training step beside the same model in plain torch: padded scenes, every place decoded."""

from collections.abc import Iterator
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from graphformers.benchmarks.workload import OURS, Contender, Workload
from graphformers.layers.rotary_code import Rotation, rotate
from graphformers.physics import Volt, VoltConfig
from graphformers.physics.models.volt.block import VoltBlock

SIZES = (5_000, 20_000, 80_000)
SHARES = (0.5, 0.25, 0.15, 0.1)  # of the voxels, in each of four rooms

Scenes = tuple[Tensor, Tensor, Tensor]  # coordinates, features, first voxel of every scene


def workloads(size: int) -> Iterator[Workload]:
    """Forward and backward of two blocks as wide as those of Volt-S, in rooms of unequal size."""
    torch.manual_seed(0)
    volt = Volt(VoltConfig(depth=2)).eval()
    plain = PaddedVolt(volt.config).eval()
    plain.load_state_dict(volt.state_dict())
    scenes = rooms(size)
    yield Workload(
        operation="Volt step",
        order="rooms",
        size=scenes[0].shape[0],
        unit="voxels",
        contenders={OURS: step(volt, scenes), "padded": step(plain, scenes)},
        tolerance=1e-4,
    )


def step(volt: Volt, scenes: Scenes) -> Contender:
    """One forward and backward pass; its result is the output and all gradients."""

    def run() -> tuple[Tensor, ...]:
        out = volt(*scenes)
        grads = torch.autograd.grad(out.square().mean(), list(volt.parameters()))
        return out.detach(), *grads

    return run


class PaddedVolt(Volt):
    """The same weights, as they are used without kernels and without a loop over scenes."""

    def forward(
        self,
        coordinates: Int[Tensor, "voxels space"],
        features: Float[Tensor, "voxels channels"],
        ptr: Int[Tensor, " scenes_plus_1"] | None = None,
    ) -> Float[Tensor, "voxels decoder_dim"]:
        """Features of every voxel."""
        scene = torch.arange(len(cast(Tensor, ptr)) - 1).repeat_interleave(cast(Tensor, ptr).diff())
        width, places = self.config.patch, self.config.patch_voxels
        cell = coordinates.div(width, rounding_mode="floor")
        cells, token = torch.unique(
            torch.cat([scene[:, None], cell], dim=1), dim=0, return_inverse=True
        )
        stride = torch.tensor([width**2, width, 1])
        offset = (coordinates.remainder(width) * stride).sum(dim=1)
        dense = features.new_zeros(len(cells), places, features.shape[1])
        dense[token, offset] = features
        tokens = self.tokenizer.projection(dense.flatten(1))
        tokens = self._attended(tokens, cells)
        decoder = self.decoder
        narrow = decoder.narrow(F.gelu(decoder.token_norm(tokens)))
        unembedding = decoder.unembedding
        everywhere = unembedding.projection(F.gelu(decoder.narrow_norm(narrow)))
        voxels = everywhere.view(len(cells), places, -1)[token, offset] + unembedding.bias
        return F.gelu(decoder.voxel_norm(voxels))

    def _attended(self, tokens: Tensor, cells: Tensor) -> Tensor:
        sizes = cells[:, 0].bincount()
        mask = torch.arange(int(sizes.max())) < sizes[:, None]
        angles = self.rotary_code(cells[:, 1:].to(tokens.dtype))
        rotation = Rotation(*(_padded(one, mask) for one in angles))
        grid = _padded(tokens, mask)
        for block in self.blocks:
            grid = _padded_block(cast(VoltBlock, block), grid, rotation, mask)
        return grid[mask]


def rooms(voxels: int) -> Scenes:
    """Floor, ceiling and four walls of rooms whose voxels are ``SHARES`` of all."""
    parts = [_room(round((share * voxels / 6) ** 0.5)) for share in SHARES]
    coordinates = torch.cat(parts)
    ptr = torch.tensor([0, *map(len, parts)]).cumsum(0)
    features = torch.randn(len(coordinates), 6, generator=torch.Generator().manual_seed(0))
    return coordinates, features, ptr


def _room(side: int) -> Tensor:
    axis = torch.arange(side)
    faces = []
    for height in (0, side):
        face = torch.cartesian_prod(axis, axis, torch.tensor([height]))
        faces += [face.roll(turn, dims=1) for turn in range(3)]
    return torch.cat(faces).unique(dim=0)


def _padded_block(block: VoltBlock, grid: Tensor, rotation: Rotation, mask: Tensor) -> Tensor:
    attention, x = block.attention, block.attention_norm(grid)
    query, key, value = (
        attention.query_key_value(x).unflatten(2, (3, attention.heads, -1)).unbind(2)
    )
    query = rotate(attention.query_norm(query), rotation).transpose(1, 2)
    key = rotate(attention.key_norm(key), rotation).transpose(1, 2)
    mixed = F.scaled_dot_product_attention(
        query, key, value.transpose(1, 2), attn_mask=mask[:, None, None]
    )
    grid = grid + attention.output(mixed.transpose(1, 2).flatten(2))
    return grid + block.feed_forward(block.feed_forward_norm(grid))


def _padded(rows: Tensor, mask: Tensor) -> Tensor:
    grid = rows.new_zeros(*mask.shape, *rows.shape[1:])
    return grid.masked_scatter(mask[..., None], rows)
