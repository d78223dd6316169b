"""Message-passing layers of torch-geometric between our own."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.local_layer import LocalLayer


@final
class GeometricLayer(LocalLayer):
    r"""A convolution of torch-geometric with dropout and a residual.

    .. math:: x_i' = x_i + \mathrm{Drop}(\mathrm{conv}(x, e)_i), \qquad e' = e

    ``conv`` is called with the nodes and ``edge_index``, and with the edge features if
    ``reads_edges``. It must give as many channels as it takes; edges may have another width.
    """

    def __init__(self, conv: nn.Module, *, reads_edges: bool, dropout: float = 0.0):
        super().__init__()
        self.conv = conv
        self.reads_edges = reads_edges
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges edge_dim"],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges edge_dim"]]:
        """New node features, and the edge features as they came."""
        inputs = (x, pattern.edge_index, edge) if self.reads_edges else (x, pattern.edge_index)
        return x + self.dropout(self.conv(*inputs)), edge
