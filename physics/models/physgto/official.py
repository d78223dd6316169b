"""Weights in the layout of the published programs.

The published programs name their parameters after their own modules; each table below lists the
prefixes of theirs and of ours that hold the same numbers.
"""

from collections.abc import Mapping

from torch import Tensor

from graphformers.physics.models.official_layout import in_numbered_blocks, renamed_weights
from graphformers.physics.models.physgto.config import PhysGTOConfig
from graphformers.physics.models.task import TransientTask


def _mlp(theirs: str, ours: str, layers: int) -> dict[str, str]:
    """Their sequential container counts the activations between the linear layers, ours not."""
    return {f"{theirs}.{2 * layer}.": f"{ours}.layers.{layer}." for layer in range(layers)}


SHARED_BLOCK = {
    "gnn.f_edge.f.0.": "message.edge_input.",
    "gnn.f_edge.f.2.": "message.edge_output.0.",
    "gnn.f_edge.f.3.": "message.edge_output.1.",
    **_mlp("gnn.f_node.f", "message.node.0", 2),
    "gnn.f_node.f.3.": "message.node.1.",
    "ln1.": "attention_norm.",
    "ln2.": "feed_forward_norm.",
}
STATIC_BLOCK = {
    **SHARED_BLOCK,
    "mha.Q": "attention.token_query",
    "mha.kv_1.": "attention.node_key_value.",
    "mha.kv_2.": "attention.token_key_value.",
    "mha.q_3.": "attention.node_query.",
    "mha.out_proj.": "attention.output.",
    **_mlp("ffn", "feed_forward", 2),
}
TRANSIENT_BLOCK = {
    **SHARED_BLOCK,
    "MHA.Q": "attention.token_query",
    "MHA.kv_1.": "attention.node_key_value.",
    "MHA.qkv_2.": "attention.token_key_value.",
    "MHA.q_3.": "attention.node_query.",
    "MHA.proj.": "attention.output.",
    **_mlp("linear1", "feed_forward", 2),
}
SURFACE_BLOCK = {
    **SHARED_BLOCK,
    "mha.Q": "attention.token_query",
    "mha.attention1.": "attention.read.",
    "mha.attention2.": "attention.mix.",
    "mha.attention3.": "attention.write.",
    **_mlp("ffn", "feed_forward", 2),
}
STATIC_ENDS = {
    **_mlp("encoder.fv1.f", "encoder.state", 2),
    **_mlp("mixer.fe.f", "edge_encoder", 2),
    "decoder.delta_net.": "decoder.",
}
TRANSIENT_ENDS = {
    **_mlp("encoder.fv1.f", "encoder.state", 3),
    **_mlp("encoder.fv_type.f", "encoder.node_type", 3),
    **_mlp("encoder.enc_t.f", "encoder.time", 3),
    **_mlp("encoder.fv2.f", "encoder.fuse", 3),
    **_mlp("encoder.fe.f", "edge_encoder", 2),
    "decoder.alpha": "decoder.scale",
    "decoder.state_out.": "decoder.change.",
}
SURFACE_ENDS = {
    **_mlp("encoder.fv1.f", "encoder.state", 2),
    **_mlp("encoder.fv2.f", "encoder.conditions", 2),
    **_mlp("encoder.fv3.f", "encoder.fuse", 2),
    **_mlp("mixer.fe.f", "edge_encoder", 2),
    **_mlp("decoder.delta_out", "decoder.change", 2),
    **_mlp("decoder.state_out", "decoder.fields", 2),
    "decoder.const": "decoder.drag_scale",
}
BLOCKS = "mixer.blocks."


def from_official_layout(
    state_dict: Mapping[str, Tensor],
    config: PhysGTOConfig,
    expected: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Rename published weights to ours; ``expected`` is our state dict, for its names and shapes.

    Raises ``ModelFileError`` with the keys that are missing, unknown or of another shape.
    """
    ends, block = _tables(config)
    return renamed_weights(
        state_dict, lambda key: in_numbered_blocks(key, BLOCKS, block, ends), expected
    )


def _tables(config: PhysGTOConfig) -> tuple[dict[str, str], dict[str, str]]:
    """Names outside and inside the blocks of the published model of this kind."""
    if isinstance(config.task, TransientTask):
        return TRANSIENT_ENDS, TRANSIENT_BLOCK
    if config.conditioning == "added":
        return SURFACE_ENDS, SURFACE_BLOCK
    return STATIC_ENDS, STATIC_BLOCK
