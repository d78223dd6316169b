"""What the authors' repository calls the parts of GPS.

Source: rampasek/GraphGPS, commit 28015707, whose modules and parameters these names are.
"""

from collections.abc import Mapping

from torch import Tensor

from graphformers.models.gps.attention import PerformerConfig
from graphformers.models.gps.config import GPSConfig
from graphformers.models.gps.inputs import EigenvectorConfig, SignNetConfig
from graphformers.models.graphgym_names import feature_names, head_names
from graphformers.models.official_weights import Renaming, inside, inside_each

PATH_MAPS = "edge_dis_encoder.weight"
BLOCK: Renaming = {
    "local.epsilon": ("local_model.eps",),
    "local.update.layers.0": ("local_model.nn.0",),
    "local.update.layers.1": ("local_model.nn.2",),
    "local.node_maps": ("local_model.A", "local_model.B", "local_model.D", "local_model.E"),
    "local.edge_map": ("local_model.C",),
    "local.node_norm": ("local_model.bn_node_x",),
    "local.edge_norm": ("local_model.bn_edge_e",),
    "local.gate.mlp.layers.0": ("local_model.mlp_r_ij.0",),
    "local.gate.mlp.layers.1": ("local_model.mlp_r_ij.2",),
    "local.conv": ("local_model",),
    "local_norm": ("norm1_local",),
    "attention_norm": ("norm1_attn",),
    "widen": ("ff_linear1",),
    "narrow": ("ff_linear2",),
    "output_norm": ("norm2",),
}


ATTENTION: Renaming = {
    "attention.query_key_value.weight": ("self_attn.in_proj_weight",),
    "attention.query_key_value.bias": ("self_attn.in_proj_bias",),
    "attention.output": ("self_attn.out_proj",),
}
PERFORMER: Renaming = {
    "attention.query_key_value": ("self_attn.to_q", "self_attn.to_k", "self_attn.to_v"),
    "attention.output": ("self_attn.to_out",),
    "attention.projection": ("self_attn.fast_attention.projection_matrix",),
}
STABLE: Renaming = {"linear": ("linear_encoder_eigenvec",), "raw_norm": ("raw_norm",)}
GRAPHORMER: Renaming = {
    "degrees.embedding.tables": ("1.in_degree_encoder.weight", "1.out_degree_encoder.weight"),
    "graphormer.distance.table": ("0.spatial_encoder.weight",),
    "graphormer.edges.tables": ("0.edge_encoder.weight",),
    "graphormer.path.maps": (f"0.{PATH_MAPS}",),
}


def official_names(config: GPSConfig, theirs: Mapping[str, Tensor]) -> Renaming:
    """Their names for every module of a GPS."""
    encoder = "encoder.node_encoder"
    composed = any(name.startswith(f"{encoder}.encoder1.") for name in theirs)
    features, *encodings = [
        f"{encoder}.encoder{number}" if composed else encoder for number in range(1, 8)
    ]
    renaming = _features(config, features, theirs) | head_names(config.head)
    if config.graphormer is not None:
        renaming |= _beside(GRAPHORMER, encodings.pop(0))
    if config.eigenvectors is not None:
        renaming |= _eigenvectors(config.eigenvectors, encodings.pop(0))
    if config.sign_net is not None:
        renaming |= _sign_net(config.sign_net, encodings.pop(0))
    for name in ("random_walk", "heat_kernel", "electrostatic"):
        statistics = getattr(config, name)
        if statistics is not None:
            renaming |= inside(name, _statistics(statistics.mlp_layers), f"{encodings.pop(0)}.")
    if config.stable is not None:
        renaming |= inside("stable", STABLE, f"{encodings.pop(0)}.")
    attention = PERFORMER if isinstance(config.attention, PerformerConfig) else ATTENTION
    return renaming | inside_each(config.layers, "blocks", BLOCK | attention, "layers")


def official_tensors(state_dict: Mapping[str, Tensor], config: GPSConfig) -> Mapping[str, Tensor]:
    """Maps of the places of a path as matrices, and GAT's map of the nodes once.

    Older releases of torch-geometric name the latter twice.
    """
    renamed = {
        name.replace(".local_model.lin_src.", ".local_model.lin."): value
        for name, value in state_dict.items()
        if ".local_model.lin_dst." not in name
    }
    for name in renamed:
        if name.endswith(PATH_MAPS):
            renamed[name] = renamed[name].view(-1, config.heads, config.heads)
    return renamed


def _beside(renaming: Renaming, official: str) -> Renaming:
    return {ours: tuple(f"{official}.{one}" for one in group) for ours, group in renaming.items()}


def _features(config: GPSConfig, nodes: str, theirs: Mapping[str, Tensor]) -> Renaming:
    edges = "encoder.edge_encoder"
    node = feature_names(config.nodes, nodes, "atom_embedding_list")
    edge = feature_names(config.edges, edges, "bond_embedding_list")
    if f"{nodes}.linear_x.weight" in theirs:  # inside the network of an encoding
        node["linear"] = (f"{nodes}.linear_x",)
    if f"{nodes}.type_encoder.weight" in theirs:  # nodes and edges of a syntax tree
        columns = ("type", "attribute", "depth")
        node["tables"] = tuple(f"{nodes}.{column}_encoder.weight" for column in columns)
        columns = ("type", "direction")
        edge["tables"] = tuple(f"{edges}.embedding_{column}.weight" for column in columns)
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


def _statistics(mlp_layers: int) -> Renaming:
    renaming: Renaming = {"raw_norm": ("raw_norm",), "network": ("pe_encoder",)}
    for layer in range(mlp_layers):
        renaming[f"network.layers.{layer}"] = (f"pe_encoder.{2 * layer}",)
    return renaming


def _sign_net(config: SignNetConfig, encoder: str) -> Renaming:
    network = f"{encoder}.sign_inv_net"
    layers = range(max(config.layers, 2))
    renaming: Renaming = {
        "sign_net.phi.epsilons": tuple(f"{network}.enc.layers.{one}.eps" for one in layers)
    }
    for one in layers:
        ours, theirs = f"sign_net.phi.updates.{one}", f"{network}.enc.layers.{one}.nn"
        renaming |= {f"{ours}.layers.{part}": (f"{theirs}.lins.{part}",) for part in (0, 1)}
        renaming[f"{ours}.norms.0"] = (f"{theirs}.bns.0",)
        renaming[f"sign_net.phi.norms.{one}"] = (f"{network}.enc.bns.{one}",)
    for one in range(config.post_layers):
        renaming[f"sign_net.rho.layers.{one}"] = (f"{network}.rho.lins.{one}",)
        renaming[f"sign_net.rho.norms.{one}"] = (f"{network}.rho.bns.{one}",)
    return renaming
