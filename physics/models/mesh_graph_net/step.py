"""One step: every edge learns from its ends, then every node from its edges."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern, segment_reduce
from graphformers.layers.edge_linear import EdgeLinear
from graphformers.layers.edge_perceptron import edge_perceptron
from graphformers.layers.mlp import MLP, activation_function
from graphformers.physics.models.mesh_graph_net.config import MeshGraphNetConfig


class MeshGraphNetStep(nn.Module):
    r"""A residual message along every edge and a residual update of every node.

    .. math::
        e_{ji} &\leftarrow e_{ji} + f_E\bigl([v_j, v_i, e_{ji}]\bigr) \\
        v_i &\leftarrow v_i + f_V\Bigl(\bigl[v_i, \sum_{j \to i} e_{ji}\bigr]\Bigr)

    Both functions are perceptrons with LayerNorm on their output. Nothing is concatenated over
    edges, and training keeps no tensor over them but the edges themselves (``edge_perceptron``).
    """

    def __init__(self, config: MeshGraphNetConfig):
        super().__init__()
        dim, activation = config.dim, config.activation
        self.activation = activation_function(activation)
        self.edge_input = EdgeLinear(dim, dim, dim)
        self.edge_output = nn.Sequential(MLP([*config.hidden, dim], activation), nn.LayerNorm(dim))
        self.node = nn.Sequential(
            MLP([2 * dim, *config.hidden, dim], activation), nn.LayerNorm(dim)
        )

    def forward(
        self,
        nodes: Float[Tensor, "nodes dim"],
        edges: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New nodes and edges; edge rows follow the caller's edge order."""
        edges = edges + edge_perceptron(
            self.edge_input,
            lambda hidden: self.edge_output(self.activation(hidden)),
            list(self.edge_output.parameters()),
            nodes,
            edges,
            pattern,
        )
        received = segment_reduce(edges, pattern.row_ptr, "sum", pattern.edge)
        return nodes + self.node(torch.cat([nodes, received], dim=-1)), edges
