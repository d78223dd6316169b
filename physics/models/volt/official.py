"""Weights in the layout of the published program.

The published program names its parameters after its own modules; the tables below list our modules
with theirs that hold the same numbers.
"""

from torch import Tensor, nn

from graphformers.models.official_weights import (
    Checkpoint,
    Renaming,
    converted_weights,
    inside,
    inside_each,
    unwrapped,
)

ENDS: Renaming = {
    "tokenizer.projection": ("tokenizer.proj",),
    "decoder.token_norm": ("decoder.pre.0",),
    "decoder.narrow": ("decoder.pre.2",),
    "decoder.narrow_norm": ("decoder.pre.3",),
    "decoder.unembedding.projection": ("decoder.unembed.proj",),
    "decoder.unembedding.bias": ("decoder.unembed.bias",),
    "decoder.voxel_norm": ("decoder.post.0",),
}
BLOCK: Renaming = {
    "attention_norm": ("norm1",),
    "attention.query_key_value": ("attn.qkv",),
    "attention.query_norm": ("attn.q_norm",),
    "attention.key_norm": ("attn.k_norm",),
    "attention.output": ("attn.proj",),
    "attention_scale.scale": ("ls1.gamma",),
    "feed_forward_norm": ("norm2",),
    "feed_forward.layers.0": ("mlp.fc1",),
    "feed_forward.layers.1": ("mlp.fc2",),
    "feed_forward_scale.scale": ("ls2.gamma",),
}
BACKBONE = "backbone."
HEADS, SECOND_HEADS = "seg_heads", "distill_heads"


def backbone_weights(state_dict: Checkpoint, depth: int, model: nn.Module) -> dict[str, Tensor]:
    """Our weights of a backbone of ``depth`` blocks from theirs, alone or inside a segmentor.

    Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
    """
    theirs = _without(state_dict, HEADS, SECOND_HEADS)
    alone = {name.removeprefix(BACKBONE): value for name, value in theirs.items()}
    return converted_weights(alone, _backbone_names(depth), model)


def segmentor_weights(
    state_dict: Checkpoint, depth: int, model: nn.Module, *, distillation: bool
) -> dict[str, Tensor]:
    """Our weights of a segmentor from theirs; without ``distillation`` not of the second heads.

    Raises ``ModelFileError`` as ``backbone_weights`` does.
    """
    theirs = unwrapped(state_dict) if distillation else _without(state_dict, SECOND_HEADS)
    renaming = inside("backbone", _backbone_names(depth), BACKBONE)
    heads: Renaming = {"heads": (HEADS,), "distillation_heads": (SECOND_HEADS,)}
    return converted_weights(theirs, renaming | heads, model)


def _without(state_dict: Checkpoint, *modules: str) -> dict[str, Tensor]:
    prefixes = tuple(f"{module}." for module in modules)
    theirs = unwrapped(state_dict)
    return {name: value for name, value in theirs.items() if not name.startswith(prefixes)}


def _backbone_names(depth: int) -> Renaming:
    return ENDS | inside_each(depth, "blocks", BLOCK, "blocks")
