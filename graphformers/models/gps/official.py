"""Weights in the layout of the authors' repository, renamed to ours.

Every tensor of ours is one of theirs, or several of theirs one below the other.

Source: rampasek/GraphGPS, commit 28015707, whose modules and parameters these names are.
"""

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from graphformers.errors import ModelFileError
from graphformers.models.gps.config import GPSConfig
from graphformers.models.gps.inputs import CategoricalFeatures, EigenvectorConfig
from graphformers.models.gps.outputs import HalvingHeadConfig

PREFIX = "model."  # what the authors' training framework puts in front of every name

Renaming = dict[str, tuple[str, ...]]  # our module or tensor: theirs, in the order of the rows

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

CHIRALITY = 1  # column of the atom table whose list grew from four to five entries


def convert_official(
    state_dict: Mapping[str, Tensor], config: GPSConfig, names: Iterable[str]
) -> dict[str, Tensor]:
    """Our state dict with the given names, from the authors' (with or without ``model.``).

    An embedding table one row short gets a row of zeros: the slot for unknown categories, which
    then add nothing. The chirality table may have a fifth row that ours does not have.

    Raises ``ModelFileError`` listing what is missing and what was not expected.
    """
    theirs = {name.removeprefix(PREFIX): value for name, value in state_dict.items()}
    renaming = _renaming(config, theirs)
    wanted = {name: _official_names(name, renaming) for name in names}
    _check_names(theirs, [name for group in wanted.values() for name in group])
    converted = {}
    for name, group in wanted.items():
        tensors = [theirs[one] for one in group]
        features = {"node_features.tables": config.nodes, "edge_features.tables": config.edges}
        kind = features.get(name)
        if isinstance(kind, CategoricalFeatures):
            tensors = list(_resized(tensors, kind.sizes))
        converted[name] = tensors[0] if len(tensors) == 1 else torch.cat(tensors)
    return converted


def _official_names(name: str, renaming: Renaming) -> list[str]:
    """Their names for one of ours: the longest prefix that is renamed decides."""
    module, rest = name, ""
    while module not in renaming:
        module, _, last = module.rpartition(".")
        rest = f".{last}{rest}"
    return [other + rest for other in renaming[module]]


def _renaming(config: GPSConfig, theirs: Mapping[str, Tensor]) -> Renaming:
    encoder = "encoder.node_encoder"
    composed = any(name.startswith(f"{encoder}.encoder1.") for name in theirs)
    features, *encodings = [
        f"{encoder}.encoder{number}" if composed else encoder for number in (1, 2, 3)
    ]
    renaming = _features(config, features, theirs) | _head(config)
    if config.eigenvectors is not None:
        renaming |= _eigenvectors(config.eigenvectors, encodings.pop(0))
    if config.random_walk is not None:
        renaming |= _random_walk(config.random_walk.mlp_layers, encodings.pop(0))
    for layer in range(config.layers):
        renaming |= {
            f"blocks.{layer}.{ours}": tuple(f"layers.{layer}.{one}" for one in group)
            for ours, group in BLOCK.items()
        }
    return renaming


def _features(config: GPSConfig, nodes: str, theirs: Mapping[str, Tensor]) -> Renaming:
    edges = "encoder.edge_encoder"
    inside_encoding = f"{nodes}.linear_x.weight" in theirs
    return {
        "node_features.tables": _tables(config.nodes, f"{nodes}.atom_embedding_list", nodes),
        "node_features.linear": (f"{nodes}.linear_x" if inside_encoding else f"{nodes}.encoder",),
        "edge_features.tables": _tables(config.edges, f"{edges}.bond_embedding_list", edges),
        "edge_features.linear": (f"{edges}.encoder",),
    }


def _tables(features: object, several: str, single: str) -> tuple[str, ...]:
    if isinstance(features, CategoricalFeatures) and len(features.sizes) > 1:
        return tuple(f"{several}.{column}.weight" for column in range(len(features.sizes)))
    return (f"{single}.encoder.weight",)


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


def _head(config: GPSConfig) -> Renaming:
    if isinstance(config.head, HalvingHeadConfig):
        return {f"head.mlp.layers.{layer}": (f"post_mp.FC_layers.{layer}",) for layer in range(3)}
    mlp = "post_mp.layer_post_mp.model"
    hidden = config.head.layers - 1
    renaming: Renaming = {
        f"head.mlp.hidden.{layer}": (f"{mlp}.0.Layer_{layer}.layer.model",)
        for layer in range(hidden)
    }
    return renaming | {"head.mlp.output": (f"{mlp}.{1 if hidden else 0}.model",)}


def _check_names(theirs: Mapping[str, Tensor], wanted: list[str]) -> None:
    missing = [name for name in wanted if name not in theirs]
    unexpected = sorted(set(theirs) - set(wanted))
    if missing or unexpected:
        raise ModelFileError(
            "the weights do not belong to this configuration; "
            f"missing: {_listed(missing)}; unexpected: {_listed(unexpected)}"
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:8]) or "none"
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown


def _resized(tables: list[Tensor], sizes: tuple[int, ...]) -> Iterator[Tensor]:
    for column, (table, size) in enumerate(zip(tables, sizes, strict=True)):
        if size == table.shape[0] + 1:
            yield F.pad(table, (0, 0, 0, 1))
        elif column == CHIRALITY and (table.shape[0], size) == (5, 4):
            yield table[:size]
        else:
            yield table
