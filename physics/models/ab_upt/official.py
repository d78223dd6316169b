"""Weights in the layouts of the published programs.

There are three: of the tutorial, and of two versions of the training framework. The later ones
are first spelled as the tutorial's. Packed projections are taken apart, as they are in the last
layout; ours packs key and value, which other points read, apart from the query.
"""

import re
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from graphformers.errors import ModelFileError
from graphformers.layers.sine_position_code import wave_frequencies
from graphformers.models.official_weights import (
    Checkpoint,
    Renaming,
    converted_weights,
    inside,
    inside_each,
    unwrapped,
)
from graphformers.physics.models.ab_upt.config import ABUPTConfig, Branch

AS_IN_THE_TUTORIAL = (
    (r"\.project\.", "."),
    (r"^physics_blocks\.", "blocks."),
    (r"^domain_decoder_blocks\.(\w+)\.", r"\1_blocks."),
    (r"^(\w+)_decoder_blocks\.", r"\1_blocks."),
    (r"^domain_decoder_projections\.(\w+)\.", r"\1_decoder."),
    (r"^domain_biases\.(\w+)\.", r"\1_bias."),
    (r"^(\w+)_bias\.mlp\.", r"\1_bias."),
    (r"\.attention_block\.(mixed_attention\.)?", ".attn."),
)
PACKED = {".attn.qkv.": "qkv", ".attn.kv.": "kv"}
PADDING = "padding_tensor"  # zeros behind a position code, which ours makes when it needs them
ROUNDING = 1e-5  # of frequencies, relative: theirs were worked out in single precision or coarser

BLOCK: Renaming = {
    "norm.norm": ("norm1",),
    "query": ("attn.q",),
    "key_value": ("attn.k", "attn.v"),
    "output": ("attn.proj",),
    "feed_forward_norm.norm": ("norm2",),
    "feed_forward.layers.0": ("mlp.fc1",),
    "feed_forward.layers.1": ("mlp.fc2",),
}
PERCEIVER: Renaming = BLOCK | {"norm.norm": ("norm1q",), "anchor_norm": ("norm1kv",)}
POOLING: Renaming = {
    "geometry.pooling.message_input": ("encoder.message.0",),
    "geometry.pooling.message_output": ("encoder.message.2",),
    "geometry.pooling.token": ("encoder.proj",),
}


def from_official_layout(
    state_dict: Checkpoint, config: ABUPTConfig, model: nn.Module
) -> dict[str, Tensor]:
    """Rename published weights to those of ``model``, which is an AB-UPT of that configuration.

    Raises ``ModelFileError`` with the names that are missing, unknown or of another shape, packed
    projections by the names of their parts, and for other frequencies of the position codes.
    """
    spelled = (_spelled(key, value) for key, value in unwrapped(state_dict).items())
    theirs = dict(part for parts in spelled for part in parts)
    for key, expected in _frequencies(config).items():
        _check_frequencies(key, theirs.pop(key, expected), expected)
    return converted_weights(theirs, _renaming(config), model)


def _spelled(key: str, value: Tensor) -> Iterator[tuple[str, Tensor]]:
    """A tensor under the names of the tutorial, each projection for itself."""
    for pattern, replacement in AS_IN_THE_TUTORIAL:
        key = re.sub(pattern, replacement, key)
    if key.endswith(PADDING):
        return
    for packed, parts in PACKED.items():
        if packed in key:
            for part, rows in zip(parts, value.chunk(len(parts)), strict=False):
                yield key.replace(packed, f".attn.{part}."), rows
            return
    yield key, value


def _renaming(config: ABUPTConfig) -> Renaming:
    of_geometry = config.geometry_blocks, "geometry.blocks", BLOCK, "geometry_blocks"
    renaming = POOLING | inside_each(*of_geometry)
    for number, kind in enumerate(config.blocks):
        block = PERCEIVER if kind == "perceiver" else BLOCK
        renaming |= inside(f"blocks.{number}", block, f"blocks.{number}.")
    for branch in config.branches:
        renaming |= _branch(branch)
    return renaming


def _branch(branch: Branch) -> Renaming:
    ours, theirs = f"branches.{branch.name}", branch.name
    renaming: Renaming = {
        f"{ours}.embedding.layers.0": (f"{theirs}_bias.0",),
        f"{ours}.embedding.layers.1": (f"{theirs}_bias.2",),
        f"{ours}.head": (f"{theirs}_decoder",),
    }
    return renaming | inside_each(branch.blocks, f"{ours}.blocks", BLOCK, f"{theirs}_blocks")


def _frequencies(config: ABUPTConfig) -> dict[str, Tensor]:
    absolute = wave_frequencies(config.dim, config.space)
    return {
        "rope.omega": wave_frequencies(config.dim // config.heads, config.space),
        "pos_embed.omega": absolute,
        "encoder.pos_embed.omega": absolute,
        "encoder.rel_pos_embed.omega": wave_frequencies(config.dim, config.space + 1),
    }


def _check_frequencies(key: str, theirs: Tensor, ours: Tensor) -> None:
    same = theirs.shape == ours.shape
    rounding = max(ROUNDING, torch.finfo(theirs.dtype).eps)
    if not same or not torch.allclose(theirs.to(ours), ours, rtol=rounding, atol=0):
        raise ModelFileError(
            f"{key} holds {theirs.numel()} frequencies from {theirs.max().item():g} to "
            f"{theirs.min().item():g}; this configuration has {ours.numel()} from "
            f"{ours.max().item():g} to {ours.min().item():g}"
        )
