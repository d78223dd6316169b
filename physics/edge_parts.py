"""Large meshes by parts of their edges: a few in every training step, all in turn to predict."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch

Model = Callable[[GraphBatch], Tensor]


def edge_part(
    batch: GraphBatch, edges: Int[Tensor, " chosen"]
) -> tuple[GraphBatch, Int[Tensor, " kept"]]:
    """Some of the edges with the nodes at their ends, in their order, and the nodes' numbers."""
    nodes, ends = torch.unique(batch.edge_index[:, edges], return_inverse=True)
    positions, target = batch.positions, batch.target
    part = GraphBatch(
        x=batch.x[nodes],
        edge_index=ends,
        ptr=torch.searchsorted(nodes, batch.ptr),
        positions=None if positions is None else positions[nodes],
        conditions=batch.conditions,
        target=target[nodes] if target is not None and batch.target_per_node else None,
        target_per_node=batch.target_per_node,
    )
    return part, nodes


def predict_in_parts(
    model: Model, batch: GraphBatch, share: float, *, seed: int = 0
) -> Float[Tensor, "nodes fields"]:
    """The mean over the parts of a random partition of the edges, each ``share`` of them at most.

    A node in several parts gets the mean of its predictions, a node without edges zero. What a
    node learns comes from the edges of one part only: this is another function than the model on
    the whole mesh, and the one that a model trained with ``PartOfTheEdges`` knows.

    Source: Liu et al. 2025, arXiv:2512.10227, "full" inference on large surfaces.
    """
    _check_share(share)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(batch.num_edges, generator=generator).to(batch.edge_index.device)
    parts = [edge_part(batch, edges) for edges in order.tensor_split(math.ceil(1 / share))]
    nodes = torch.cat([kept for _, kept in parts])
    predicted = torch.cat([model(part) for part, _ in parts])
    total = predicted.new_zeros(batch.num_nodes, predicted.shape[1]).index_add(0, nodes, predicted)
    times = torch.bincount(nodes, minlength=batch.num_nodes).clamp(min=1)
    return total / times[:, None]


class PartOfTheEdges(nn.Module):
    """A model that learns from a random ``share`` of the edges and predicts from all in parts.

    While training, nodes that no chosen edge touches get NaN, which the objectives leave out.

    Source: Liu et al. 2025, arXiv:2512.10227: a share of 0.2 on surfaces of 140,000 cells.
    """

    def __init__(self, model: nn.Module, *, share: float):
        super().__init__()
        _check_share(share)
        self.model = model
        self.share = share

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """Fields at every node; NaN where the chosen edges do not reach."""
        if not self.training:
            return predict_in_parts(self.model, batch, self.share)
        count = max(int(self.share * batch.num_edges), min(batch.num_edges, 1))
        chosen = torch.randperm(batch.num_edges, device=batch.edge_index.device)[:count]
        part, nodes = edge_part(batch, chosen)
        output = self.model(part)
        everywhere = output.new_full((batch.num_nodes, output.shape[1]), torch.nan)
        return everywhere.index_copy(0, nodes, output)


def _check_share(share: float) -> None:
    if not 0 < share <= 1:
        raise ConfigError(f"share must lie in (0, 1]; got {share}")
