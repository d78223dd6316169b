"""Message-passing layers of GPS: one configuration per kind."""

from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import nn
from torch_geometric.nn import GATConv, GCNConv, GENConv, GINConv, PNAConv

from graphformers.layers.gated_gcn import GatedGCN
from graphformers.layers.geometric_layer import GeometricLayer
from graphformers.layers.gine import GINE
from graphformers.layers.mlp import Activation, activation_function
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.stable_gated_gcn import StableGatedGCN
from graphformers.layers.stable_gine import StableGINE

PNA_EDGE_DIM = 128


@final
@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """What every layer of a model has in common."""

    dim: int
    heads: int
    dropout: float
    activation: Activation
    stable: bool  # messages weighted by the distance of stable positions


@final
@dataclass(frozen=True, kw_only=True)
class GINEConfig:
    """Local layer: graph isomorphism network with edge features."""

    def build(self, shape: LayerShape) -> GINE | StableGINE:
        """One layer."""
        layer = StableGINE if shape.stable else GINE
        return layer(shape.dim, dropout=shape.dropout, activation=shape.activation)


@final
@dataclass(frozen=True, kw_only=True)
class GatedGCNConfig:
    """Local layer: gated graph convolution with an edge stream."""

    def build(self, shape: LayerShape) -> GatedGCN | StableGatedGCN:
        """One layer."""
        layer = StableGatedGCN if shape.stable else GatedGCN
        return layer(shape.dim, dropout=shape.dropout, activation=shape.activation)


@final
@dataclass(frozen=True, kw_only=True)
class GCNConfig:
    """Local layer: graph convolution (Kipf and Welling 2017), blind to edge features."""

    def build(self, shape: LayerShape) -> GeometricLayer:
        """One layer."""
        conv = GCNConv(shape.dim, shape.dim)
        return GeometricLayer(conv, reads_edges=False, dropout=shape.dropout)


@final
@dataclass(frozen=True, kw_only=True)
class GINConfig:
    """Local layer: graph isomorphism network (Xu et al. 2019), blind to edge features."""

    def build(self, shape: LayerShape) -> GeometricLayer:
        """One layer."""
        update = nn.Sequential(
            nn.Linear(shape.dim, shape.dim),
            _Activated(shape.activation),
            nn.Linear(shape.dim, shape.dim),
        )
        return GeometricLayer(GINConv(update), reads_edges=False, dropout=shape.dropout)


@final
@dataclass(frozen=True, kw_only=True)
class GENConfig:
    """Local layer: generalised convolution with softmax aggregation (Li et al. 2020)."""

    def build(self, shape: LayerShape) -> GeometricLayer:
        """One layer."""
        conv = GENConv(shape.dim, shape.dim)
        conv.mlp[1] = BatchNorm(2 * shape.dim)  # survives training on a single node
        return GeometricLayer(conv, reads_edges=True, dropout=shape.dropout)


@final
@dataclass(frozen=True, kw_only=True)
class GATConfig:
    """Local layer: additive attention along edges (Veličković et al. 2018), in ``heads`` parts."""

    def build(self, shape: LayerShape) -> GeometricLayer:
        """One layer."""
        width = shape.dim // shape.heads
        conv = GATConv(shape.dim, width, heads=shape.heads, edge_dim=shape.dim)
        return GeometricLayer(conv, reads_edges=True, dropout=shape.dropout)


@final
@dataclass(frozen=True, kw_only=True)
class PNAConfig:
    """Local layer: mean, maximum and sum of messages (Corso et al. 2020), not scaled by degree.

    The edges of such a model are at most 128 wide.
    """

    def build(self, shape: LayerShape) -> GeometricLayer:
        """One layer."""
        conv = PNAConv(
            shape.dim,
            shape.dim,
            aggregators=["mean", "max", "sum"],
            scalers=["identity"],
            deg=torch.ones(2, dtype=torch.int64),  # read by other scalers only
            edge_dim=min(PNA_EDGE_DIM, shape.dim),
        )
        return GeometricLayer(conv, reads_edges=True, dropout=shape.dropout)


LocalConfig: TypeAlias = (
    GINEConfig | GatedGCNConfig | GCNConfig | GINConfig | GENConfig | GATConfig | PNAConfig
)


class _Activated(nn.Module):
    """An activation as a module."""

    def __init__(self, activation: Activation):
        super().__init__()
        self.activation = activation_function(activation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(x)
