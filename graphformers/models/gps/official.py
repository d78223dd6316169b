"""What the authors' repository calls the parts of GPS.

Source: rampasek/GraphGPS, commit 28015707, whose modules and parameters these names are.
"""

from collections.abc import Mapping

from torch import Tensor

from graphformers.models.gps.config import GPSConfig
from graphformers.models.gps.inputs import EigenvectorConfig
from graphformers.models.official_weights import Renaming, feature_names, head_names, inside

BLOCK: Renaming = {
    "local.epsilon": ("local_model.eps",),
    "local.update.layers.0": ("local_model.nn.0",),
    "local.update.layers.1": ("local_model.nn.2",),
    "local.node_maps": ("local_model.A", "local_model.B", "local_model.D", "local_model.E"),
    "local.edge_map": ("local_model.C",),
    "local.node_norm": ("local_model.bn_node_x",),
    "local.edge_norm": ("local_model.bn_edge_e",),
    "attention.query_key_value.weight": ("self_attn.in_proj_weight",),
    "attention.query_key_value.bias": ("self_attn.in_proj_bias",),
    "attention.output": ("self_attn.out_proj",),
    "local_norm": ("norm1_local",),
    "attention_norm": ("norm1_attn",),
    "widen": ("ff_linear1",),
    "narrow": ("ff_linear2",),
    "output_norm": ("norm2",),
}


def official_names(config: GPSConfig, theirs: Mapping[str, Tensor]) -> Renaming:
    """Their names for every module of a GPS."""
    encoder = "encoder.node_encoder"
    composed = any(name.startswith(f"{encoder}.encoder1.") for name in theirs)
    features, *encodings = [
        f"{encoder}.encoder{number}" if composed else encoder for number in (1, 2, 3)
    ]
    renaming = _features(config, features, theirs) | head_names(config.head)
    if config.eigenvectors is not None:
        renaming |= _eigenvectors(config.eigenvectors, encodings.pop(0))
    if config.random_walk is not None:
        renaming |= _random_walk(config.random_walk.mlp_layers, encodings.pop(0))
    for layer in range(config.layers):
        renaming |= inside(f"blocks.{layer}", BLOCK, f"layers.{layer}.")
    return renaming


def _features(config: GPSConfig, nodes: str, theirs: Mapping[str, Tensor]) -> Renaming:
    node = feature_names(config.nodes, nodes, "atom_embedding_list")
    if f"{nodes}.linear_x.weight" in theirs:  # inside the network of an encoding
        node["linear"] = (f"{nodes}.linear_x",)
    edge = feature_names(config.edges, "encoder.edge_encoder", "bond_embedding_list")
    return inside("node_features", node) | inside("edge_features", edge)


def _eigenvectors(config: EigenvectorConfig, encoder: str) -> Renaming:
    renaming: Renaming = {
        "eigenvectors.raw_norm": (f"{encoder}.raw_norm",),
        "eigenvectors.network.widen": (f"{encoder}.linear_A",),
        "eigenvectors.network.transformer": (f"{encoder}.pe_encoder",),
        "eigenvectors.network.mlp.layers.0": (f"{encoder}.linear_A",),
    }
    for layer in range(1, config.network.layers):
        renaming[f"eigenvectors.network.mlp.layers.{layer}"] = (
            f"{encoder}.pe_encoder.{2 * layer - 1}",
        )
    for layer in range(config.post_layers):
        renaming[f"eigenvectors.post.layers.{layer}"] = (f"{encoder}.post_mlp.{2 * layer}",)
    return renaming


def _random_walk(mlp_layers: int, encoder: str) -> Renaming:
    renaming: Renaming = {
        "random_walk.raw_norm": (f"{encoder}.raw_norm",),
        "random_walk.network": (f"{encoder}.pe_encoder",),
    }
    for layer in range(mlp_layers):
        renaming[f"random_walk.network.layers.{layer}"] = (f"{encoder}.pe_encoder.{2 * layer}",)
    return renaming
