"""A configuration made for one data set, changed to read and predict another."""

from dataclasses import replace
from typing import Literal, TypeAlias

from graphformers.errors import ConfigError
from graphformers.models import (
    GPSConfig,
    GraphTransformerConfig,
    GRITConfig,
    PPGTConfig,
    VirtualNodeMPNNConfig,
)
from graphformers.models.features import CategoricalFeatures, EdgeFeatures, NodeFeatures
from graphformers.models.outputs import GraphHeadConfig, HalvingHeadConfig, NodeHeadConfig
from graphformers.models.ppgt import GELUGraphHeadConfig, GELUNodeHeadConfig

GraphConfig: TypeAlias = (
    GPSConfig | GRITConfig | PPGTConfig | GraphTransformerConfig | VirtualNodeMPNNConfig
)
Level = Literal["graph", "node"]
"""What a row of predictions belongs to."""

GRAPH_HEADS = (GraphHeadConfig, HalvingHeadConfig, GELUGraphHeadConfig)
NODE_HEADS = (NodeHeadConfig, GELUNodeHeadConfig)


def level_of(config: GraphConfig) -> Level | None:
    """What the head predicts for; None for pairs of nodes and for sequences."""
    if isinstance(config.head, GRAPH_HEADS):
        return "graph"
    return "node" if isinstance(config.head, NODE_HEADS) else None


def adapted(
    config: GraphConfig, *, nodes: NodeFeatures, edges: EdgeFeatures, out: int
) -> GraphConfig:
    """The same model with other feature tables and ``out`` columns of predictions.

    New tables of categories are drawn from the distribution of the old ones. Raises ``ConfigError``
    for a head whose predictions are not columns.
    """
    if not isinstance(config.head, GRAPH_HEADS + NODE_HEADS):
        raise ConfigError(
            f"predictions of a {type(config.head).__name__} are no columns; "
            "take a configuration with a head for graphs or for nodes"
        )
    changes = {
        "nodes": _drawn_like(nodes, config.nodes),
        "edges": _drawn_like(edges, config.edges),
        "head": replace(config.head, out=out),
    }
    return replace(config, **changes)  # pyright: ignore[reportArgumentType]


def _drawn_like(
    features: NodeFeatures | EdgeFeatures, model: NodeFeatures | EdgeFeatures | None
) -> NodeFeatures | EdgeFeatures:
    if isinstance(features, CategoricalFeatures) and isinstance(model, CategoricalFeatures):
        return replace(features, normal=model.normal)
    return features
