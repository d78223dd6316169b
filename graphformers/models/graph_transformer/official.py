"""What the authors' repository calls the parts of GT.

Source: graphdeeplearning/graphtransformer, commit c9cd4936, whose modules and parameters these
names are.
"""

from collections.abc import Mapping

from torch import Tensor

from graphformers.errors import ModelFileError
from graphformers.models.features import CategoricalFeatures, NoFeatures
from graphformers.models.graph_transformer.config import GraphTransformerConfig
from graphformers.models.official_weights import Renaming, inside, inside_each
from graphformers.models.outputs import HalvingHeadConfig


def official_names(config: GraphTransformerConfig) -> Renaming:
    """Their names for every module of a GT."""
    if not isinstance(config.head, HalvingHeadConfig):
        raise ModelFileError(
            "the authors' weights belong to a HalvingHeadConfig; "
            f"the configuration has a {type(config.head).__name__}"
        )
    renaming: Renaming = {
        **inside("node_features", _features(config.nodes, "embedding_h")),
        **inside("edge_features", _features(config.edges, "embedding_e")),
        "eigenvectors.linear": ("embedding_lap_pos_enc",),
        "colours.tables": ("embedding_wl_pos_enc.weight",),
    }
    renaming |= inside_each(config.layers, "blocks", _block(config.layer_norm), "layers")
    for layer in range(3):
        renaming[f"head.mlp.layers.{layer}"] = (f"MLP_layer.FC_layers.{layer}",)
    return renaming


def official_tensors(
    state_dict: Mapping[str, Tensor], config: GraphTransformerConfig
) -> Mapping[str, Tensor]:
    """Edges without features: a linear map of the number 1 becomes a table with a single row."""
    map_of_one = ("embedding_e.weight", "embedding_e.bias")
    if not isinstance(config.edges, NoFeatures) or not all(one in state_dict for one in map_of_one):
        return state_dict
    weight, bias = (state_dict[one] for one in map_of_one)
    theirs = {name: tensor for name, tensor in state_dict.items() if name not in map_of_one}
    return {**theirs, "embedding_e.weight": weight.sum(dim=1).add(bias).unsqueeze(0)}


def _features(features: object, official: str) -> Renaming:
    """They embed a single column; tables of more have no names of theirs and will be missing."""
    if isinstance(features, CategoricalFeatures) and len(features.sizes) > 1:
        return {"tables": tuple(f"{official}.{one}.weight" for one in range(len(features.sizes)))}
    return {"tables": (f"{official}.weight",), "linear": (official,)}


def _block(layer_norm: bool) -> Renaming:
    norm = "layer_norm" if layer_norm else "batch_norm"
    renaming: Renaming = {
        "attention.query_key_value": ("attention.Q", "attention.K", "attention.V"),
        "attention.edge_map": ("attention.proj_e",),
    }
    for ours, letter in (("nodes", "h"), ("edges", "e")):
        renaming |= {
            f"{ours}.output": (f"O_{letter}",),
            f"{ours}.update_norm": (f"{norm}1_{letter}",),
            f"{ours}.widen": (f"FFN_{letter}_layer1",),
            f"{ours}.narrow": (f"FFN_{letter}_layer2",),
            f"{ours}.output_norm": (f"{norm}2_{letter}",),
        }
    return renaming
