"""One block: attention among all tokens of a scene, then feed-forward."""

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from graphformers.layers.graph_drop_path import GraphDropPath
from graphformers.layers.layer_scale import layer_scale
from graphformers.layers.mlp import MLP
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.ragged_rows import RaggedRows
from graphformers.layers.rotary_code import Rotation, rotate
from graphformers.physics.models.volt.config import VoltSizes


class Scenes:
    """Where the tokens of each scene lie, and how every token is turned; shared by all blocks."""

    def __init__(self, ptr: Int[Tensor, " scenes_plus_1"], rotation: Rotation):
        self.ptr, self.rotation = ptr, rotation
        num_tokens = rotation.cos.shape[0]
        # A loop wastes nothing on scenes of unequal size; a compiled program cannot count its turns
        padded = ptr.shape[0] == 2 or torch.compiler.is_compiling()
        self.rows = PaddedRows(ptr, num_tokens) if padded else RaggedRows(ptr)


class SceneAttention(nn.Module):
    r"""Attention among all tokens of a scene, with rotary positions.

    .. math:: y_i = W_o \sum_j \mathrm{softmax}_j\bigl(R_i \hat q_i \cdot R_j \hat k_j
              / \sqrt{d}\bigr)\, v_j

    where the hat is a LayerNorm over each head (``qk_norm``) or nothing. Computed in the precision
    of the tokens; the published program computes it in half precision whatever theirs.
    """

    def __init__(self, sizes: VoltSizes):
        super().__init__()
        self.heads = sizes.heads
        self.query_key_value = nn.Linear(sizes.dim, 3 * sizes.dim)
        self.query_norm = nn.LayerNorm(sizes.head_dim) if sizes.qk_norm else nn.Identity()
        self.key_norm = nn.LayerNorm(sizes.head_dim) if sizes.qk_norm else nn.Identity()
        self.output = nn.Linear(sizes.dim, sizes.dim)

    def forward(
        self, x: Float[Tensor, "tokens dim"], scenes: Scenes
    ) -> Float[Tensor, "tokens dim"]:
        """Mix the tokens of each scene."""
        query, key, value = self.query_key_value(x).unflatten(1, (3, self.heads, -1)).unbind(1)
        query = rotate(self.query_norm(query), scenes.rotation)
        key = rotate(self.key_norm(key), scenes.rotation)
        return self.output(_attend(query, key, value, scenes.rows).flatten(1))


class VoltBlock(nn.Module):
    r"""Attention and feed-forward, each normalised before and added to the tokens.

    .. math::
        x \leftarrow x + D\bigl(\gamma_1\, \mathrm{Attention}(\mathrm{LN}(x))\bigr), \qquad
        x \leftarrow x + D\bigl(\gamma_2\, \mathrm{MLP}(\mathrm{LN}(x))\bigr)

    ``D`` leaves the branch out for whole scenes in training; the factors are 1 without
    ``layer_scale``.
    """

    def __init__(self, sizes: VoltSizes, drop_path: float):
        super().__init__()
        dim = sizes.dim
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = SceneAttention(sizes)
        self.attention_scale = layer_scale(dim, sizes.layer_scale)
        self.feed_forward_norm = nn.LayerNorm(dim)
        self.feed_forward = MLP([dim, 4 * dim, dim], "gelu")
        self.feed_forward_scale = layer_scale(dim, sizes.layer_scale)
        self.drop_path = GraphDropPath(drop_path)

    def forward(
        self, x: Float[Tensor, "tokens dim"], scenes: Scenes
    ) -> Float[Tensor, "tokens dim"]:
        """New tokens."""
        update = self.attention_scale(self.attention(self.attention_norm(x), scenes))
        x = x + self.drop_path(update, scenes.ptr)
        update = self.feed_forward_scale(self.feed_forward(self.feed_forward_norm(x)))
        return x + self.drop_path(update, scenes.ptr)


def _attend(
    query: Float[Tensor, "tokens heads head_dim"],
    key: Float[Tensor, "tokens heads head_dim"],
    value: Float[Tensor, "tokens heads head_dim"],
    rows: PaddedRows | RaggedRows,
) -> Float[Tensor, "tokens heads head_dim"]:
    if isinstance(rows, PaddedRows):
        mask = None if rows.mask is None else rows.mask[:, None, None]
        parts = (rearrange(rows.pad(one), "s n h d -> s h n d") for one in (query, key, value))
        mixed = scaled_dot_product_attention(*parts, attn_mask=mask)
        return rows.unpad(rearrange(mixed, "s h n d -> s n h d"))
    scenes = zip(*(rows.split(one) for one in (query, key, value)), strict=True)
    return torch.cat([_attend_scene(*one) for one in scenes])


def _attend_scene(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    query, key, value = (rearrange(one, "n h d -> 1 h n d") for one in (query, key, value))
    return rearrange(scaled_dot_product_attention(query, key, value), "1 h n d -> n h d")
