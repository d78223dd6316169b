"""Names of the published program for the parts of ours."""

from graphformers.models.official_weights import Renaming, inside_each

ENDS: Renaming = {
    "token": ("placeholder",),
    "encoder.layers.0": ("preprocess.linear_pre.0",),
    "encoder.layers.1": ("preprocess.linear_post",),
}
BLOCK: Renaming = {
    "attention_norm": ("ln_1",),
    "attention.temperature": ("Attn.temperature",),
    "attention.point": ("Attn.in_project_x",),
    "attention.feature": ("Attn.in_project_fx",),
    "attention.slices": ("Attn.in_project_slice",),
    "attention.query": ("Attn.to_q",),
    "attention.key": ("Attn.to_k",),
    "attention.value": ("Attn.to_v",),
    "attention.output": ("Attn.to_out.0",),
    "feed_forward_norm": ("ln_2",),
    "feed_forward.layers.0": ("mlp.linear_pre.0",),
    "feed_forward.layers.1": ("mlp.linear_post",),
}


def official_names(blocks: int) -> Renaming:
    """Their names for every module of a Transolver; their decoder is part of the last block."""
    last = f"blocks.{blocks - 1}"
    decoder: Renaming = {"decoder.0": (f"{last}.ln_3",), "decoder.1": (f"{last}.mlp2",)}
    return ENDS | decoder | inside_each(blocks, "blocks", BLOCK, "blocks")
