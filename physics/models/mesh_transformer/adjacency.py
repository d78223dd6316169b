"""Who sees whom: the mesh, and what is added to it."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.big_bird_pattern import big_bird_pattern
from graphformers.layers.both_directions import both_directions
from graphformers.physics.models.mesh_transformer.config import MeshTransformerConfig


def adjacency(batch: GraphBatch, config: MeshTransformerConfig) -> SparsePattern:
    """The attention mask between the nodes of a batch, every pair in it once.

    On a mesh of single hops alone nothing is added; a pair is in it as often as in the batch.
    """
    mesh = both_directions(batch.edges)
    if config.hops > 1:
        mesh = mesh.k_hop(config.hops, include_self=False)
    added = [
        SparsePattern.window(batch.ptr, config.reach, dilation=dilation)
        for dilation in config.dilations
    ]
    if config.random_edges:
        added.append(
            big_bird_pattern(
                batch.ptr, reach=0, random=config.random_edges, hubs=0, seed=config.seed
            )
        )
    return SparsePattern.union([mesh, *added]) if added else mesh


@final
class GlobalTokens(nn.Module):
    """Learned tokens for every case, numbered after all nodes, case by case.

    All nodes of a case see its tokens; the tokens see all its nodes and one another.
    """

    def __init__(self, tokens: int, dim: int):
        super().__init__()
        self.tokens = nn.Parameter(torch.randn(tokens, dim) / dim**0.5)

    def append(
        self, x: Float[Tensor, "nodes dim"], cases: int
    ) -> Float[Tensor, "nodes_and_tokens dim"]:
        """The tokens of every case behind all nodes."""
        return torch.cat([x, self.tokens.repeat(cases, 1)])

    def join(self, mask: SparsePattern, batch: GraphBatch) -> SparsePattern:
        """The mask with the tokens in it."""
        count = batch.num_nodes + batch.num_graphs * self.tokens.shape[0]
        node, token = self._between(batch)
        to_token, to_node = torch.stack([node, token]), torch.stack([token, node])
        among = self._among(batch)
        edge_index = torch.cat([mask.edge_index, to_token, to_node, among], dim=1)
        return SparsePattern.from_edge_index(edge_index, num_targets=count, num_sources=count)

    def _between(self, batch: GraphBatch) -> tuple[Int[Tensor, " pairs"], Int[Tensor, " pairs"]]:
        """Every node with every token of its case."""
        tokens = self.tokens.shape[0]
        own = torch.arange(tokens, device=batch.ptr.device)
        token = batch.num_nodes + batch.batch[:, None] * tokens + own
        node = torch.arange(batch.num_nodes, device=batch.ptr.device)
        return node[:, None].expand_as(token).flatten(), token.flatten()

    def _among(self, batch: GraphBatch) -> Int[Tensor, "2 pairs"]:
        """All ordered pairs of the tokens of a case."""
        tokens = self.tokens.shape[0]
        own = torch.arange(tokens, device=batch.ptr.device)
        pairs = torch.cartesian_prod(own, own).T
        first = torch.arange(batch.num_graphs, device=batch.ptr.device) * tokens
        return (batch.num_nodes + first[:, None] + pairs[:, None]).flatten(1)
