"""The models every test in ``test_every_model.py`` runs on: a new model adds a case here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
import torch

from graphformers.checkpoint import PretrainedModel
from graphformers.encodings import Encoding, PairEncoding, encode
from graphformers.graph_batch import GraphBatch
from graphformers.models import (
    GPS,
    GRIT,
    PPGT,
    GPSConfig,
    GraphTransformer,
    GraphTransformerConfig,
    GRITConfig,
    PPGTConfig,
    VirtualNodeMPNN,
    VirtualNodeMPNNConfig,
)
from graphformers.models.features import NoFeatures, NumericFeatures
from graphformers.models.gps import GraphormerConfig, SignNetConfig
from graphformers.models.outputs import NodeHeadConfig

SIZES = (5, 1, 8, 3)


@dataclass(frozen=True, kw_only=True)
class ModelCase:
    """A small model and the kind of graphs it reads."""

    name: str
    build: Callable[[], PretrainedModel]
    encodings: Sequence[Encoding | PairEncoding]
    nodes: Sequence[int] | int  # categories per column, or a number of numeric columns
    edges: Sequence[int] | int | None
    positions: int = 0  # coordinates of every node
    per_node: bool = False
    unread: Sequence[str] = ()  # encodings that come with those it reads

    def model(self) -> PretrainedModel:
        torch.manual_seed(0)
        return self.build()

    def batch(self, sizes: Sequence[int] = SIZES, seed: int = 0) -> GraphBatch:
        """Random graphs, a third of all pairs connected, directed, with self-loops and repeats."""
        generator = torch.Generator().manual_seed(seed)
        edges, start = [torch.empty(2, 0, dtype=torch.int64)], 0
        for size in sizes:
            ends = torch.randint(size, (2, size * size // 3 + size - 1), generator=generator)
            edges.append(start + ends)
            start += size
        edge_index = torch.cat(edges, dim=1)
        ptr = torch.tensor([0, *sizes]).cumsum(0)
        bare = GraphBatch(
            x=_features(self.nodes, start, generator),
            edge_index=edge_index,
            ptr=ptr,
            edge_attr=None
            if self.edges is None
            else _features(self.edges, edge_index.shape[1], generator),
            positions=torch.rand(start, self.positions, generator=generator)
            if self.positions
            else None,
        )
        return encode(bare, self.encodings)


def _features(columns: Sequence[int] | int, rows: int, generator: torch.Generator) -> torch.Tensor:
    if isinstance(columns, int):
        return torch.randn(rows, columns, generator=generator)
    drawn = [torch.randint(size, (rows,), generator=generator) for size in columns]
    return torch.stack(drawn, dim=1)


def _gps(name: str, config: GPSConfig, **features: object) -> ModelCase:
    small = replace(config, layers=2)
    encodings = (*small.encodings, *small.pair_encodings)
    return ModelCase(name=name, build=lambda: GPS(small), encodings=encodings, **features)  # pyright: ignore[reportArgumentType]


def _ppgt(name: str, config: PPGTConfig, **features: object) -> ModelCase:
    small = replace(config, layers=2)
    return ModelCase(
        name=name,
        build=lambda: PPGT(small),
        encodings=small.pair_encodings,
        **features,  # pyright: ignore[reportArgumentType]
    )


def _grit(name: str, config: GRITConfig, **features: object) -> ModelCase:
    small = replace(config, layers=2)
    return ModelCase(
        name=name,
        build=lambda: GRIT(small),
        encodings=small.pair_encodings,
        **features,  # pyright: ignore[reportArgumentType]
    )


def _gt(name: str, config: GraphTransformerConfig, **features: object) -> ModelCase:
    small = replace(config, layers=2)
    return ModelCase(
        name=name,
        build=lambda: GraphTransformer(small),
        encodings=small.encodings,
        unread=("eigenvalues",),
        **features,  # pyright: ignore[reportArgumentType]
    )


def _mpnn_vn(name: str, config: VirtualNodeMPNNConfig, **features: object) -> ModelCase:
    small = replace(config, layers=2)
    return ModelCase(
        name=name,
        build=lambda: VirtualNodeMPNN(small),
        encodings=small.encodings,
        **features,  # pyright: ignore[reportArgumentType]
    )


UNREAD = ("eigenvalues",)
ATOM, BOND = (119, 4, 12, 12, 10, 6, 6, 2, 2), (5, 6, 2)

CASES = [
    _gps("gps-zinc", GPSConfig.zinc(), nodes=(28,), edges=(4,)),
    _gps("gps-molhiv", GPSConfig.molhiv(), nodes=ATOM, edges=BOND),
    _gps("gps-molhiv-sparse", replace(GPSConfig.molhiv(), layout="sparse"), nodes=ATOM, edges=BOND),
    _gps("gps-peptides-func", GPSConfig.peptides_func(), nodes=ATOM, edges=BOND),
    _gps("gps-cifar10", GPSConfig.cifar10(), nodes=5, edges=1),
    _gps("gps-cluster", GPSConfig.cluster(), nodes=7, edges=None, per_node=True),
    _gps("gps-performer", replace(GPSConfig.malnet_tiny(), layout="padded"), nodes=5, edges=None),
    _gps(
        "gps-sign-net",
        replace(GPSConfig.zinc(), sign_net=SignNetConfig(count=10, dim=16, summed=True)),
        nodes=(28,),
        edges=(4,),
        unread=UNREAD,
    ),
    _gps(
        "gps-graphormer-sparse",
        replace(GPSConfig.zinc(), layout="sparse", graphormer=GraphormerConfig(edge_paths=False)),
        nodes=(28,),
        edges=(4,),
    ),
    _gps("gps-stable", GPSConfig.zinc_stable(), nodes=(28,), edges=(4,), unread=UNREAD),
    _gt("gt-zinc", GraphTransformerConfig.zinc(), nodes=(28,), edges=(4,)),
    _gt("gt-zinc-official", GraphTransformerConfig.zinc(official=True), nodes=(28,), edges=(4,)),
    _gt(
        "gt-nodes",
        replace(
            GraphTransformerConfig.zinc(),
            nodes=NumericFeatures(count=5),
            edges=NoFeatures(),
            head=NodeHeadConfig(out=6, layers=2),
            layer_norm=True,
        ),
        nodes=5,
        edges=None,
        per_node=True,
    ),
    _mpnn_vn("mpnn-vn-zinc", VirtualNodeMPNNConfig.zinc(), nodes=(28,), edges=(4,)),
    _mpnn_vn("mpnn-vn-peptides", VirtualNodeMPNNConfig.peptides_func(), nodes=ATOM, edges=BOND),
    _mpnn_vn(
        "mpnn-vn-pure",
        replace(VirtualNodeMPNNConfig.zinc(), local_edges=False, residual_per_relation=True),
        nodes=(28,),
        edges=None,
    ),
    _ppgt("ppgt-zinc", PPGTConfig.zinc(official=True), nodes=(21,), edges=(4,)),
    _ppgt(
        "ppgt-pcqm4m",
        replace(PPGTConfig.pcqm4m(), dim=96, layer_scale=0.1),
        nodes=ATOM,
        edges=BOND,
    ),
    _ppgt("ppgt-cifar10", PPGTConfig.cifar10(), nodes=5, edges=1, positions=2),
    _ppgt("ppgt-cluster", PPGTConfig.cluster(), nodes=7, edges=None, per_node=True),
    _grit("grit-zinc", GRITConfig.zinc(), nodes=(21,), edges=(4,)),
    _grit("grit-cluster", GRITConfig.cluster(), nodes=7, edges=None, per_node=True),
    _grit("grit-hops-sparse", replace(GRITConfig.zinc(), hops=2), nodes=(21,), edges=(4,)),
]


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: pytest.FixtureRequest) -> ModelCase:
    return request.param
