"""What the authors' repository calls the parts of PPGT.

Source: LiamMa/PPGT, commit 62cafd3a, whose modules and parameters these names are. No published
weights exist to try them on; the name of the norm after pooling is an assumption.
"""

import re
from collections.abc import Mapping

import torch
from einops import rearrange
from torch import Tensor

from graphformers.models.graphgym_names import feature_names
from graphformers.models.official_weights import Renaming, inside, inside_each
from graphformers.models.ppgt.config import PPGTConfig

PAIRS = "pos_enc.edge_encoders"
WIDEN = f"{PAIRS}.0.mlp.0.weight"
BLOCK: Renaming = {
    "norm": ("norm1_h",),
    "attention.query_key_value.weight": ("attention.Q.weight", "attention.KV.weight"),
    "attention.query_key_value.bias": ("attention.Q.bias", "attention.KV.bias"),
    "attention.output": ("attention.O",),
    "scale.scale": ("res_layer1.alpha",),
    "feed_forward.norm": ("norm2_h",),
    "feed_forward.widen": ("FFN.0",),
    "feed_forward.narrow": ("FFN.4",),
    "feed_forward.scale.scale": ("res_layer2.alpha",),
}
BRANCH: Renaming = {
    "norm": ("pre_mlp_norm",),
    "widen": ("mlp.0",),
    "narrow": ("mlp.3",),
    "scale.scale": ("res_layer.alpha",),
}


def official_names(config: PPGTConfig) -> Renaming:
    """Their names for every module of a PPGT, in the style that ``official_tensors`` leaves."""
    nodes = feature_names(config.nodes, "feat_enc.node_encoder", "atom_embedding_list")
    renaming = inside("node_features", nodes)
    if config.edges is not None:
        edges = feature_names(config.edges, "feat_enc.edge_encoder", "bond_embedding_list")
        renaming |= inside("edge_features", edges)
    for number in range(len(config.node_columns)):
        renaming[f"node_columns.{number}"] = (f"pos_enc.node_encoders.{number}.out_fc",)
    for layer in range(config.pair.layers):
        renaming |= inside(f"pair_mlps.branches.{layer}", BRANCH, f"{PAIRS}.1.mlp.{layer + 1}.")
    renaming |= inside_each(config.layers, "blocks", BLOCK, "layers")
    for kind in ("weight", "bias"):
        every = tuple(f"layers.{layer}.attention.P.{kind}" for layer in range(config.layers))
        renaming[f"pair_maps.linear.{kind}"] = every
    return (
        renaming
        | _norms_and_head(config)
        | {
            "pair_columns.widen": (f"{PAIRS}.0.mlp.0",),
            "pair_columns.output": (f"{PAIRS}.0.out_fc",),
        }
    )


def official_tensors(state_dict: Mapping[str, Tensor], config: PPGTConfig) -> dict[str, Tensor]:
    """Their tensors without constants, under one style of names, the waves in our order.

    Wrappers of norms are left out of the names, and numbered modules are called by their number,
    with or without the ``module_`` that some versions of torch-geometric put before it.
    """
    tensors = {}
    for name, tensor in state_dict.items():
        short = re.sub(r"(\.norm_layer)+\.", ".", name)
        short = re.sub(rf"^({re.escape(PAIRS)}\.1\.mlp\.)module_", r"\1", short)
        if not _constant(short, config):
            tensors[short] = tensor
    if WIDEN in tensors and config.pair.octaves:
        tensors[WIDEN] = _by_frequency(tensors[WIDEN], config)
    return tensors


def _constant(name: str, config: PPGTConfig) -> bool:
    """The frequencies, and the factors of residual branches where they are not trained."""
    scaled = config.pair.layer_scale if name.startswith(PAIRS) else config.layer_scale
    factor = re.search(r"\.res_layer\d*\.alpha$", name) is not None
    return name == f"{PAIRS}.0.eps" or (factor and scaled is None)


def _by_frequency(weight: Tensor, config: PPGTConfig) -> Tensor:
    """Columns of the waves from channel, frequency, kind to frequency, kind, channel."""
    plain, waves = weight[:, : config.pair_columns], weight[:, config.pair_columns :]
    shape = {"f": config.pair.octaves, "kind": 2}
    waves = rearrange(waves, "out (c f kind) -> out (f kind c)", **shape)
    return torch.cat([plain, waves], dim=1)


def _norms_and_head(config: PPGTConfig) -> Renaming:
    renaming: Renaming = {
        "pair_mlps.first_norm": (f"{PAIRS}.1.pre_backbone_norm",),
        "pair_mlps.last_norm": (f"{PAIRS}.1.post_backbone_norm",),
        "first_norm": ("pre_backbone_norm",),
        "last_norm": ("post_backbone_norm",),
        "head.norm": ("post_mp.post_pooling_norm",),
    }
    last = config.head.layers - 1
    for layer in range(last):
        renaming[f"head.mlp.hidden.{layer}"] = (f"post_mp.mlp.{3 * layer}",)
    return renaming | {"head.mlp.output": (f"post_mp.mlp.{3 * last}",)}
