"""Weights in the authors' layout of everything that only some presets have: the same function."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from graphformers.models.features import NumericFeatures
from graphformers.models.gps import (
    GPS,
    GATConfig,
    GatedGCNConfig,
    GCNConfig,
    GENConfig,
    GINConfig,
    GPSConfig,
    GraphormerConfig,
    PerformerConfig,
    PNAConfig,
    RandomWalkConfig,
    SignNetConfig,
)
from graphformers.models.outputs import GraphHeadConfig, PairHeadConfig, SequenceHeadConfig

NODES, EDGES = "encoder.node_encoder", "encoder.edge_encoder"
SYNTAX_TREE = {
    f"{NODES}.encoder1.atom_embedding_list.0": f"{NODES}.type_encoder",
    f"{NODES}.encoder1.atom_embedding_list.1": f"{NODES}.attribute_encoder",
    f"{NODES}.encoder1.atom_embedding_list.2": f"{NODES}.depth_encoder",
    f"{EDGES}.bond_embedding_list.0": f"{EDGES}.embedding_type",
    f"{EDGES}.bond_embedding_list.1": f"{EDGES}.embedding_direction",
}
Shapes = Iterator[tuple[str, tuple[int, ...]]]


def linear(name: str, dim_in: int, dim: int) -> Shapes:
    yield f"{name}.weight", (dim, dim_in)
    yield f"{name}.bias", (dim,)


def norm(name: str, dim: int) -> Shapes:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (dim,)
    yield f"{name}.num_batches_tracked", ()


def performer_shapes(config: GPSConfig, name: str) -> Shapes:
    width = config.heads * 64
    for letter in "qkv":
        yield f"{name}.to_{letter}.weight", (width, config.dim)
    yield from linear(f"{name}.to_out", width, config.dim)
    yield f"{name}.fast_attention.projection_matrix", (266, 64)


def sign_net_shapes(config: GPSConfig, name: str) -> Shapes:
    network, hidden = config.sign_net, config.sign_net.hidden
    widths = [1, *[hidden] * (network.layers - 1), network.phi_dim]
    for layer in range(network.layers):
        mlp = f"{name}.enc.layers.{layer}"
        yield f"{mlp}.eps", (1,)
        yield from linear(f"{mlp}.nn.lins.0", widths[layer], hidden)
        yield from norm(f"{mlp}.nn.bns.0", hidden)
        yield from linear(f"{mlp}.nn.lins.1", hidden, widths[layer + 1])
        if layer:
            yield from norm(f"{name}.enc.bns.{layer - 1}", hidden)
    width = network.phi_dim * (1 if network.summed else network.count)
    widths = [width, *[hidden] * (network.post_layers - 1), network.dim]
    for layer in range(network.post_layers):
        yield from linear(f"{name}.rho.lins.{layer}", widths[layer], widths[layer + 1])
        if layer:
            yield from norm(f"{name}.rho.bns.{layer - 1}", hidden)


def graphormer_shapes(config: GPSConfig, name: str) -> Shapes:
    bias, heads = config.graphormer, config.heads
    yield f"{name}.1.in_degree_encoder.weight", (bias.in_degrees, config.feature_dim)
    yield f"{name}.1.out_degree_encoder.weight", (bias.out_degrees, config.feature_dim)
    yield f"{name}.0.spatial_encoder.weight", (bias.distances + 1, heads)
    yield f"{name}.0.edge_dis_encoder.weight", (bias.distances * heads**2, 1)
    yield f"{name}.0.edge_encoder.weight", (config.edges.sizes[0], heads)


def added_shapes(config: GPSConfig) -> Shapes:
    """Names and shapes that the plain configuration does not have."""
    encoder = f"{NODES}.encoder2"
    if config.sign_net is not None:
        yield from sign_net_shapes(config, f"{encoder}.sign_inv_net")
    if config.graphormer is not None:
        yield from graphormer_shapes(config, encoder)
    if config.stable is not None:
        yield from linear(f"{encoder}.linear_encoder_eigenvec", config.stable.count, config.dim)
    if isinstance(config.head, SequenceHeadConfig):
        for position in range(config.head.positions):
            yield from linear(
                f"post_mp.graph_pred_linear_list.{position}", config.dim, config.head.words
            )
    for layer in range(config.layers):
        if isinstance(config.attention, PerformerConfig):
            yield from performer_shapes(config, f"layers.{layer}.self_attn")
        if config.stable is not None:
            yield from linear(f"layers.{layer}.local_model.mlp_r_ij.0", 1, config.dim)
            yield from linear(f"layers.{layer}.local_model.mlp_r_ij.2", config.dim, 1)


def plain(config: GPSConfig) -> GPSConfig:
    """The nearest configuration without additions, its columns as many."""
    head = config.head
    if isinstance(head, SequenceHeadConfig):
        head = GraphHeadConfig(out=1, pool=head.pool)
    if isinstance(head, PairHeadConfig):
        head = GraphHeadConfig(out=config.dim, pool="mean", layers=head.layers)
    walk = config.sign_net and RandomWalkConfig(steps=1, dim=config.sign_net.dim)
    bare = GPSConfig.zinc().attention
    return replace(
        config,
        head=head,
        attention=bare,
        sign_net=None,
        stable=None,
        graphormer=None,
        random_walk=config.random_walk or walk,
    )


def without_replaced(weights: dict[str, Tensor], config: GPSConfig) -> dict[str, Tensor]:
    """The weights of the plain configuration that this one has as well, under its names."""
    renamed = dict(weights)
    if config.sign_net is not None:
        renamed = {name: one for name, one in renamed.items() if ".encoder2." not in name}
    if config.graphormer is not None:
        renamed = {name.replace(".encoder2.", ".encoder3."): w for name, w in renamed.items()}
    if isinstance(config.attention, PerformerConfig):
        renamed = {name: one for name, one in renamed.items() if ".self_attn." not in name}
    if isinstance(config.head, SequenceHeadConfig):
        renamed = {name: one for name, one in renamed.items() if "post_mp" not in name}
        for ours, theirs in SYNTAX_TREE.items():
            renamed[f"{theirs}.weight"] = renamed.pop(f"{ours}.weight")
    elif not config.encodings:
        renamed[f"{NODES}.encoder.weight"] = renamed.pop(f"{NODES}.encoder1.encoder.weight")
    if isinstance(config.nodes, NumericFeatures) and config.nodes.count == 14:  # superpixels
        for part in ("weight", "bias"):
            renamed[f"{NODES}.encoder1.encoder.{part}"] = renamed.pop(f"{NODES}.linear_x.{part}")
            for layer in ("linear_A", "pe_encoder.1"):
                eigenvectors = renamed.pop(f"{NODES}.{layer}.{part}")
                renamed[f"{NODES}.encoder2.{layer}.{part}"] = eigenvectors
    return renamed


def drawn_weights(config: GPSConfig, weights_for: Callable) -> dict[str, Tensor]:
    """Random weights under the names and shapes of the authors."""
    weights = without_replaced(weights_for(plain(config)), config)
    generator = torch.Generator().manual_seed(6)
    for name, shape in added_shapes(config):
        drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
        if name.endswith("running_var"):
            drawn = 0.5 + drawn.abs()
        elif name.endswith("num_batches_tracked"):
            drawn = torch.tensor(7)
        elif len(shape) == 2 and "fast_attention" not in name:
            drawn = drawn / shape[1] ** 0.5
        weights[name] = drawn
    return weights


FLOAT64 = 1e-10
SIGN_NET = SignNetConfig(count=5, dim=28, layers=3, post_layers=2, hidden=8)
VARIANTS = {
    "malnet-tiny": GPSConfig.malnet_tiny(),
    "malnet-tiny-official": GPSConfig.malnet_tiny(official=True),
    "ppa": GPSConfig.ppa(),
    "code2": GPSConfig.code2(),
    "pcqm-contact": GPSConfig.pcqm_contact(),
    "voc-superpixels": GPSConfig.voc_superpixels(),
    "coco-superpixels": GPSConfig.coco_superpixels(),
    "zinc-sign-net": GPSConfig.zinc_sign_net(),
    "zinc-sign-net-mlp": replace(GPSConfig.zinc_sign_net(), sign_net=SIGN_NET),
    "zinc-stable": GPSConfig.zinc_stable(),
    "zinc-stable-official": GPSConfig.zinc_stable(official=True),
    "zinc-stable-gated-gcn": replace(
        GPSConfig.zinc_stable(), local=GatedGCNConfig(), activation="gelu"
    ),
    "zinc-graphormer": GPSConfig.zinc_graphormer(),
    "zinc-graphormer-official": GPSConfig.zinc_graphormer(official=True),
    "zinc-graphormer-near": replace(
        GPSConfig.zinc_graphormer(), graphormer=GraphormerConfig(distances=3)
    ),
}


def rounded(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """As ``from_official`` keeps them, in float32; the comparison is made in float64."""
    return {
        name: value.float().double() if value.is_floating_point() else value
        for name, value in weights.items()
    }


LAYOUTS = [
    (name, layout)
    for name in VARIANTS
    for layout in ("padded", "sparse")
    if (name, layout) != ("malnet-tiny-official", "sparse")  # there is no padding to count
]


@pytest.mark.parametrize(("name", "layout"), LAYOUTS)
def test_it_computes_the_published_equations(
    name, layout, weights_for, variant_authors, random_batch
):
    config = replace(VARIANTS[name], layers=2, layout=layout)
    weights, batch = drawn_weights(config, weights_for), random_batch(config)
    model = GPS(config).double()
    model.load_state_dict(GPS.from_official(weights, config).state_dict())
    expected = variant_authors(rounded(weights), config)(batch)
    error = (model.eval()(batch) - expected).abs().max()
    assert error <= FLOAT64 * expected.abs().max()


def test_the_padding_beside_a_graph_moves_official_performers_only(random_batch):
    for official in (False, True):
        torch.manual_seed(0)
        preset = GPSConfig.malnet_tiny(official=official)
        config = replace(preset, layers=2, layout="padded")
        model, batch = GPS(config).double().eval(), random_batch(config)
        alone = torch.cat([model(batch.select([graph])) for graph in range(len(batch))])
        near = torch.allclose(model(batch), alone, atol=1e-9)
        assert near is not official


@pytest.mark.parametrize(
    "local", [GCNConfig(), GINConfig(), GENConfig(), GATConfig(), PNAConfig()], ids=str
)
def test_convolutions_keep_the_names_torch_geometric_gives_them(local, weights_for):
    config = replace(GPSConfig.zinc(), layers=2, local=local)
    expected = GPS(config).state_dict()
    theirs = {name: one for name, one in weights_for(config).items() if ".local_model." not in name}
    for name, value in expected.items():
        if ".local.conv." in name:
            official = name.replace("blocks.", "layers.").replace("local.conv", "local_model")
            if isinstance(local, GATConfig) and ".lin." in official:  # as before release 2.6
                theirs[official.replace(".lin.", ".lin_dst.")] = value
                official = official.replace(".lin.", ".lin_src.")
            theirs[official] = value
    loaded = GPS.from_official(theirs, config).state_dict()
    convolutions = [name for name in expected if ".local.conv." in name]
    assert len(convolutions) >= 2
    assert all(torch.equal(loaded[name], expected[name]) for name in convolutions)
