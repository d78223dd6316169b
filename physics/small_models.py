"""One configuration of every model of fields for some hundred meshes of a few thousand points.

What they read and predict is to be replaced by what the cases say.
"""

from graphformers.physics.models import (
    ABUPTFieldConfig,
    FourierAttentionNeuralOperatorConfig,
    MeshGraphNetConfig,
    MeshTransformerConfig,
    PhysGTOConfig,
    TransformerNeuralOperatorConfig,
    TransolverConfig,
    ViTNeuralOperatorConfig,
    VoltFieldConfig,
)

DIM = 64
HEADS = 4
PATCHES = (4, 4)  # of a grid of at least 12 by 12 points
MODES = (2, 2)


def small_physgto() -> PhysGTOConfig:
    """Three blocks with 32 tokens."""
    return PhysGTOConfig(
        dim=DIM, heads=HEADS, tokens=32, blocks=3, octaves=5, hidden=DIM, dropout=0.0
    )


def small_ab_upt() -> ABUPTFieldConfig:
    """Five blocks, 384 anchors."""
    return ABUPTFieldConfig(dim=DIM, heads=2)


def small_mesh_graph_net() -> MeshGraphNetConfig:
    """Five messages along the edges."""
    return MeshGraphNetConfig(dim=DIM, steps=5, octaves=5)


def small_mesh_transformer() -> MeshTransformerConfig:
    """Four blocks along edges and windows, with eight global tokens."""
    return MeshTransformerConfig(
        dim=DIM, heads=HEADS, blocks=4, layers=2, dilations=(1, 16), global_tokens=8
    )


def small_tno() -> TransformerNeuralOperatorConfig:
    """Three layers in which all points attend to all."""
    return TransformerNeuralOperatorConfig(
        space=2, dim=DIM, heads=HEADS, layers=3, feed_forward=2 * DIM
    )


def small_vitno() -> ViTNeuralOperatorConfig:
    """Three layers over four by four patches of a grid."""
    return ViTNeuralOperatorConfig(
        dim=32,
        heads=HEADS,
        layers=3,
        feed_forward=DIM,
        patches=PATCHES,
        modes=MODES,
        smoothing_modes=(8, 8),
    )


def small_fano() -> FourierAttentionNeuralOperatorConfig:
    """Three layers over four by four patches of a grid."""
    return FourierAttentionNeuralOperatorConfig(
        dim=32, heads=HEADS, layers=3, feed_forward=DIM, patches=PATCHES, modes=MODES
    )


def small_transolver() -> TransolverConfig:
    """Four blocks with 32 slices."""
    return TransolverConfig(dim=DIM, heads=HEADS, slices=32, blocks=4)


def small_volt() -> VoltFieldConfig:
    """Four blocks over tokens of 4 x 4 voxels."""
    return VoltFieldConfig(
        dim=DIM, heads=HEADS, depth=4, patch=4, decoder_dim=32, voxel=0.02, drop_path=0.0
    )
