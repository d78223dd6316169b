"""Names of the published program, and ours that hold the same numbers."""

from graphformers.physics.models.official_layout import in_numbered_blocks

BLOCKS = "blocks."
BLOCK = {
    "ln_1.": "attention_norm.",
    "Attn.temperature": "attention.temperature",
    "Attn.in_project_x.": "attention.point.",
    "Attn.in_project_fx.": "attention.feature.",
    "Attn.in_project_slice.": "attention.slices.",
    "Attn.to_q.": "attention.query.",
    "Attn.to_k.": "attention.key.",
    "Attn.to_v.": "attention.value.",
    "Attn.to_out.0.": "attention.output.",
    "ln_2.": "feed_forward_norm.",
    "mlp.linear_pre.0.": "feed_forward.layers.0.",
    "mlp.linear_post.": "feed_forward.layers.1.",
}


def our_name(key: str, last: int) -> str:
    """Our name of a published parameter; its own when there is none. ``last`` numbers the blocks.

    The published decoder is part of the last block.
    """
    ends = {
        "preprocess.linear_pre.0.": "encoder.layers.0.",
        "preprocess.linear_post.": "encoder.layers.1.",
        "placeholder": "token",
        f"{BLOCKS}{last}.ln_3.": "decoder.0.",
        f"{BLOCKS}{last}.mlp2.": "decoder.1.",
    }
    return in_numbered_blocks(key, BLOCKS, BLOCK, ends)
