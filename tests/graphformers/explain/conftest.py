import pytest
import torch

from graphformers.graph_batch import GraphBatch
from graphformers.models import GPS, GPSConfig
from graphformers.models.features import NoFeatures, NumericFeatures
from graphformers.models.gps import GINEConfig
from graphformers.models.outputs import GraphHeadConfig, NodeHeadConfig


def gps(layers: int, *, per_node: bool = False, heads: int = 2) -> GPS:
    """A small model of three numbers per node; without layers it is linear in them."""
    torch.manual_seed(0)
    head = NodeHeadConfig(out=2) if per_node else GraphHeadConfig(out=2, pool="sum")
    config = GPSConfig(
        nodes=NumericFeatures(count=3),
        edges=NoFeatures(),
        local=GINEConfig(),
        head=head,
        layers=layers,
        dim=8,
        heads=heads,
    )
    return GPS(config).eval()


@pytest.fixture
def batch() -> GraphBatch:
    """A path of four nodes, a single node and a triangle."""
    ends = torch.tensor(
        [[0, 1, 1, 2, 2, 3, 5, 6, 6, 7, 7, 5], [1, 0, 2, 1, 3, 2, 6, 5, 7, 6, 5, 7]]
    )
    generator = torch.Generator().manual_seed(1)
    return GraphBatch(
        x=torch.randn(8, 3, generator=generator), edge_index=ends, ptr=torch.tensor([0, 4, 5, 8])
    )


@pytest.fixture
def linear() -> GPS:
    return gps(0)


@pytest.fixture
def linear_per_node() -> GPS:
    return gps(0, per_node=True)


@pytest.fixture
def deep() -> GPS:
    return gps(2)
