"""Weights in the layout of the published programs.

The published programs name their parameters after their own modules; each table below lists our
modules with theirs that hold the same numbers.
"""

from torch import Tensor, nn

from graphformers.models.official_weights import (
    Checkpoint,
    Renaming,
    converted_weights,
    inside_each,
    unwrapped,
)
from graphformers.physics.models.physgto.config import PhysGTOConfig
from graphformers.physics.models.task import TransientTask


def _mlp(ours: str, theirs: str, layers: int) -> Renaming:
    """Their sequential container counts the activations between the linear layers, ours not."""
    return {f"{ours}.layers.{layer}": (f"{theirs}.{2 * layer}",) for layer in range(layers)}


SHARED_BLOCK: Renaming = {
    "message.edge_input": ("gnn.f_edge.f.0",),
    "message.edge_output.0": ("gnn.f_edge.f.2",),
    "message.edge_output.1": ("gnn.f_edge.f.3",),
    **_mlp("message.node.0", "gnn.f_node.f", 2),
    "message.node.1": ("gnn.f_node.f.3",),
    "attention_norm": ("ln1",),
    "feed_forward_norm": ("ln2",),
}
STATIC_BLOCK: Renaming = {
    **SHARED_BLOCK,
    "attention.token_query": ("mha.Q",),
    "attention.node_key_value": ("mha.kv_1",),
    "attention.token_key_value": ("mha.kv_2",),
    "attention.node_query": ("mha.q_3",),
    "attention.output": ("mha.out_proj",),
    **_mlp("feed_forward", "ffn", 2),
}
TRANSIENT_BLOCK: Renaming = {
    **SHARED_BLOCK,
    "attention.token_query": ("MHA.Q",),
    "attention.node_key_value": ("MHA.kv_1",),
    "attention.token_key_value": ("MHA.qkv_2",),
    "attention.node_query": ("MHA.q_3",),
    "attention.output": ("MHA.proj",),
    **_mlp("feed_forward", "linear1", 2),
}
SURFACE_BLOCK: Renaming = {
    **SHARED_BLOCK,
    "attention.token_query": ("mha.Q",),
    "attention.read": ("mha.attention1",),
    "attention.mix": ("mha.attention2",),
    "attention.write": ("mha.attention3",),
    **_mlp("feed_forward", "ffn", 2),
}
STATIC_ENDS: Renaming = {
    **_mlp("encoder.state", "encoder.fv1.f", 2),
    **_mlp("edge_encoder", "mixer.fe.f", 2),
    "decoder": ("decoder.delta_net",),
}
TRANSIENT_ENDS: Renaming = {
    **_mlp("encoder.state", "encoder.fv1.f", 3),
    **_mlp("encoder.node_type", "encoder.fv_type.f", 3),
    **_mlp("encoder.time", "encoder.enc_t.f", 3),
    **_mlp("encoder.fuse", "encoder.fv2.f", 3),
    **_mlp("edge_encoder", "encoder.fe.f", 2),
    "decoder.scale": ("decoder.alpha",),
    "decoder.change": ("decoder.state_out",),
}
SURFACE_ENDS: Renaming = {
    **_mlp("encoder.state", "encoder.fv1.f", 2),
    **_mlp("encoder.conditions", "encoder.fv2.f", 2),
    **_mlp("encoder.fuse", "encoder.fv3.f", 2),
    **_mlp("edge_encoder", "mixer.fe.f", 2),
    **_mlp("decoder.change", "decoder.delta_out", 2),
    **_mlp("decoder.fields", "decoder.state_out", 2),
    "decoder.drag_scale": ("decoder.const",),
}


def from_official_layout(
    state_dict: Checkpoint, config: PhysGTOConfig, model: nn.Module
) -> dict[str, Tensor]:
    """Rename published weights to those of ``model``, which is a PhysGTO of that configuration.

    Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
    """
    ends, block = _tables(config)
    renaming = ends | inside_each(config.blocks, "blocks", block, "mixer.blocks")
    return converted_weights(unwrapped(state_dict), renaming, model)


def _tables(config: PhysGTOConfig) -> tuple[Renaming, Renaming]:
    """Names outside and inside the blocks of the published model of this kind."""
    if isinstance(config.task, TransientTask):
        return TRANSIENT_ENDS, TRANSIENT_BLOCK
    if config.conditioning == "added":
        return SURFACE_ENDS, SURFACE_BLOCK
    return STATIC_ENDS, STATIC_BLOCK
