"""Weights in the layout of the published program.

The published program names its parameters after its own modules; the tables below list the
prefixes of theirs and of ours that hold the same numbers.
"""

from collections.abc import Mapping

from torch import Tensor

from graphformers.physics.models.official_layout import (
    PARALLEL,
    in_numbered_blocks,
    renamed_prefix,
    renamed_weights,
)

ENDS = {
    "tokenizer.proj.": "tokenizer.projection.",
    "decoder.pre.0.": "decoder.token_norm.",
    "decoder.pre.2.": "decoder.narrow.",
    "decoder.pre.3.": "decoder.narrow_norm.",
    "decoder.unembed.proj.": "decoder.unembedding.projection.",
    "decoder.unembed.bias": "decoder.unembedding.bias",
    "decoder.post.0.": "decoder.voxel_norm.",
}
BLOCK = {
    "norm1.": "attention_norm.",
    "attn.qkv.": "attention.query_key_value.",
    "attn.q_norm.": "attention.query_norm.",
    "attn.k_norm.": "attention.key_norm.",
    "attn.proj.": "attention.output.",
    "norm2.": "feed_forward_norm.",
    "mlp.fc1.": "feed_forward.layers.0.",
    "mlp.fc2.": "feed_forward.layers.1.",
}
BLOCKS = "blocks."
BACKBONE = "backbone."
HEADS, SECOND_HEADS = "seg_heads.", "distill_heads."


def backbone_weights(
    state_dict: Mapping[str, Tensor], expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Our weights of a backbone from theirs, alone or inside a segmentor.

    ``expected`` is our state dict, for its names and shapes. Raises ``ModelFileError`` with the
    keys that are missing, unknown or of another shape.
    """
    theirs = _without(state_dict, HEADS, SECOND_HEADS)
    inside = {key.removeprefix(BACKBONE): value for key, value in theirs.items()}
    return renamed_weights(inside, _backbone_name, expected)


def segmentor_weights(
    state_dict: Mapping[str, Tensor], expected: Mapping[str, Tensor], *, distillation: bool
) -> dict[str, Tensor]:
    """Our weights of a segmentor from theirs; without ``distillation`` not of the second heads.

    Raises ``ModelFileError`` as ``backbone_weights`` does.
    """
    theirs = _without(state_dict) if distillation else _without(state_dict, SECOND_HEADS)
    return renamed_weights(theirs, _segmentor_name, expected)


def _without(state_dict: Mapping[str, Tensor], *prefixes: str) -> dict[str, Tensor]:
    theirs = {key.removeprefix(PARALLEL): value for key, value in state_dict.items()}
    return {key: value for key, value in theirs.items() if not key.startswith(prefixes)}


def _segmentor_name(key: str) -> str:
    if key.startswith(BACKBONE):
        return BACKBONE + _backbone_name(key.removeprefix(BACKBONE))
    return renamed_prefix(key, {HEADS: "heads.", SECOND_HEADS: "distillation_heads."})


def _backbone_name(key: str) -> str:
    return in_numbered_blocks(key, BLOCKS, BLOCK, ENDS)
