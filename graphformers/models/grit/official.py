"""What the authors' repository calls the parts of GRIT.

Source: LiamMa/GRIT, commit 6c988ea6, whose modules and parameters these names are.
"""

from collections.abc import Mapping

from torch import Tensor

from graphformers.models.graphgym_names import feature_names, head_names
from graphformers.models.grit.config import GRITConfig
from graphformers.models.official_weights import Renaming, inside, inside_each

BLOCK: Renaming = {
    "attention.query_key_value.weight": (
        "attention.Q.weight",
        "attention.K.weight",
        "attention.V.weight",
    ),
    "attention.query_bias": ("attention.Q.bias",),
    "attention.pair_maps": ("attention.E",),
    "attention.channel_weight": ("attention.Aw",),
    "attention.pair_value": ("attention.VeRow",),
    "attention.degree_scaler.weight": ("deg_coef",),
    "attention.output": ("O_h",),
    "attention.pair_output": ("O_e",),
    "attention_norm": ("batch_norm1_h",),
    "pair_norm": ("batch_norm1_e",),
    "widen": ("FFN_h_layer1",),
    "narrow": ("FFN_h_layer2",),
    "output_norm": ("batch_norm2_h",),
}


def official_names(config: GRITConfig) -> Renaming:
    """Their names for every module of a GRIT."""
    nodes = feature_names(config.nodes, "encoder.node_encoder", "atom_embedding_list")
    edges = feature_names(config.edges, "encoder.edge_encoder", "bond_embedding_list")
    renaming: Renaming = {
        "node_walks": ("rrwp_abs_encoder.fc",),
        "pair_features.linear": ("rrwp_rel_encoder.fc",),
        **inside("node_features", nodes),
        **inside("edge_features", edges),
        **head_names(config.head),
    }
    return renaming | inside_each(config.layers, "blocks", BLOCK, "layers")


def official_tensors(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Their tensors with heads first, where theirs come second."""
    tensors = {}
    for name, tensor in state_dict.items():
        if name.endswith(".Aw"):  # (head dim, heads, 1)
            tensors[name] = tensor.squeeze(-1).T
        elif name.endswith(".VeRow"):  # (head dim, heads, head dim)
            tensors[name] = tensor.transpose(0, 1)
        elif name.endswith(".deg_coef"):  # (1, dim, 2)
            tensors[name] = tensor.squeeze(0).T
        elif name != "rrwp_rel_encoder.padding":
            tensors[name] = tensor
    return tensors
