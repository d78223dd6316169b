"""Message passing with a virtual node, each relation with weights of its own."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern
from graphformers.layers.gated_gcn import GatedGCN
from graphformers.layers.mlp import Activation
from graphformers.layers.virtual_node_graph import VirtualNodeGraph, VirtualNodeStates


@final
class VirtualNodeBlock(nn.Module):
    r"""Three gated graph convolutions, one along each relation, added up.

    .. math:: x' = x + \sum_{r} \Delta_r(x, e_r), \qquad e_r' = e_r + \Delta_r^e(x, e_r)

    for the relations :math:`r` node to node, node to virtual node and virtual node to node, with
    the changes :math:`\Delta` of a ``GatedGCN`` each, on all nodes, virtual ones among them.
    ``local_edges=False`` leaves node to node out. ``residual_per_relation`` adds :math:`x` once per
    relation, as complete layers added up would.

    Source: Cai et al. 2023, arXiv:2301.11956; written from a description, without their code.
    """

    def __init__(
        self,
        dim: int,
        *,
        dropout: float = 0.0,
        activation: Activation = "relu",
        local_edges: bool = True,
        residual_per_relation: bool = False,
    ):
        super().__init__()
        self.residual_per_relation = residual_per_relation

        def layer() -> GatedGCN:
            return GatedGCN(dim, dropout=dropout, activation=activation)

        self.local = layer() if local_edges else None
        self.gather = layer()
        self.scatter = layer()

    def forward(self, states: VirtualNodeStates, graph: VirtualNodeGraph) -> VirtualNodeStates:
        """New features of nodes and relations."""
        x = states.nodes
        gathered, gather = self.gather.changes(x, states.gather, graph.gather)
        scattered, scatter = self.scatter.changes(x, states.scatter, graph.scatter)
        change, relations, local = gathered + scattered, 2, states.local
        if self.local is not None:
            edge, pattern = _local(states, graph)
            passed, edge_change = self.local.changes(x, edge, pattern)
            change, relations, local = change + passed, 3, edge + edge_change
        return VirtualNodeStates(
            nodes=(relations * x if self.residual_per_relation else x) + change,
            local=local,
            gather=states.gather + gather,
            scatter=states.scatter + scatter,
        )


def _local(
    states: VirtualNodeStates, graph: VirtualNodeGraph
) -> tuple[Float[Tensor, "edges dim"], SparsePattern]:
    if states.local is None or graph.local is None:
        raise ShapeError(
            "a block with local edges reads their features and their pattern; got "
            f"features {states.local is not None}, pattern {graph.local is not None}: "
            "VirtualNodeGraph(ptr, num_nodes, batch.edges)"
        )
    return states.local, graph.local
