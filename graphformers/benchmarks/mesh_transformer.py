"""A masked attention layer and its block, in training, beside torch-geometric's transformer layer.

Width 64 and 4 heads as in the published models, six neighbours to a node, the same weights for
both. Results are outputs and gradients of the input.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch_geometric.nn import TransformerConv

from graphformers.benchmarks.physgto import in_random_order, square_mesh
from graphformers.benchmarks.workload import OURS, Contender, Workload
from graphformers.kernels import SparsePattern
from graphformers.layers.both_directions import both_directions
from graphformers.physics.models.mesh_transformer import MeshTransformerConfig
from graphformers.physics.models.mesh_transformer.attention import MaskedAttention
from graphformers.physics.models.mesh_transformer.block import MeshTransformerBlock

SIZES = (2_500, 10_000, 40_000)
CONFIG = MeshTransformerConfig()
TOLERANCE = 1e-3  # float32, sums in another order


def workloads(size: int) -> Iterator[Workload]:
    """On a mesh of ``size`` nodes: the attention, to what is two edges away too, and the block."""
    mesh = square_mesh(round(size**0.5))
    attention, block = layers()
    for order, batch in (("mesh", mesh), ("random", in_random_order(mesh))):
        mask = both_directions(batch.edges)
        two_hops = mask.k_hop(2, include_self=False)
        yield workload("masked attention", order, attention, mask)
        yield workload("masked attention, two hops", order, attention, two_hops)
        yield workload("mesh transformer block", order, block, mask)


def workload(operation: str, order: str, layer: nn.Module, mask: SparsePattern) -> Workload:
    """A layer of ours and the same with torch-geometric's attention."""
    nodes, geometric = mask.num_targets, with_geometric_attention(layer)
    return Workload(
        operation=operation,
        order=order,
        size=mask.num_edges,
        unit="edges",
        contenders={
            OURS: step(layer, mask, nodes),
            "torch-geometric": step(geometric, mask.edge_index, nodes),
        },
        tolerance=TOLERANCE,
    )


def layers() -> tuple[MaskedAttention, MeshTransformerBlock]:
    """What is measured, with random weights."""
    torch.manual_seed(0)
    return MaskedAttention(CONFIG), MeshTransformerBlock(CONFIG)


def step(layer: nn.Module, mask: SparsePattern | Tensor, nodes: int) -> Contender:
    """Forward and backward; the gradients of all weights are worked out, that of the input kept."""
    torch.manual_seed(0)
    x = torch.randn(nodes, CONFIG.dim, requires_grad=True)
    wanted = [x, *layer.parameters()]

    def run() -> tuple[Tensor, Tensor]:
        out = layer(x, mask)
        gradient, *_ = torch.autograd.grad(out.square().sum(), wanted, allow_unused=True)
        return out.detach(), gradient

    return run


def with_geometric_attention(layer: nn.Module) -> nn.Module:
    """A copy of the layer that attends as torch-geometric does."""
    if isinstance(layer, MaskedAttention):
        return GeometricAttention(layer)
    copied = deepcopy(layer)
    copied.attention = GeometricAttention(copied.attention)  # pyright: ignore[reportArgumentType]
    return copied


class GeometricAttention(nn.Module):
    """The same attention by ``TransformerConv``."""

    def __init__(self, ours: MaskedAttention):
        super().__init__()
        dim, heads = ours.output.in_features, ours.heads
        self.attend = TransformerConv(dim, dim // heads, heads, root_weight=False)
        self.output = deepcopy(ours.output)
        maps = (self.attend.lin_query, self.attend.lin_key, self.attend.lin_value)
        weights = ours.query_key_value.weight.chunk(3)
        biases = ours.query_key_value.bias.chunk(3)
        with torch.no_grad():
            for linear, weight, bias in zip(maps, weights, biases, strict=True):
                linear.weight.copy_(weight)
                linear.bias.copy_(bias)

    def forward(self, x: Tensor, edge_index: Tensor, _rotation: None = None) -> Tensor:
        """What every node attends to."""
        return self.output(self.attend(x, edge_index))
