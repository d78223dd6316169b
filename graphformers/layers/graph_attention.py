"""Multi-head self-attention of the nodes of a batch of graphs."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError, ShapeError
from graphformers.kernels import SparsePattern, self_attention, sparse_attention
from graphformers.layers.global_layer import GlobalLayer, GraphLayout
from graphformers.layers.padded_rows import PaddedRows


@final
class GraphAttention(GlobalLayer):
    r"""Multi-head self-attention inside each graph, or along any given edges.

    .. math::
        y_i = W_o \sum_j \mathrm{softmax}_j\bigl(q_i \cdot k_j / \sqrt{d_h} + b_{ij}\bigr)\, v_j

    The layout is that of the second argument:

    - ``SparsePattern.complete(ptr)``: all pairs inside each graph, memory linear in the nodes. Any
      other pattern works too, ``batch.edges`` for attention along edges only;
    - ``PaddedRows(ptr, num_nodes)``: a padded table through ``scaled_dot_product_attention``.

    Both compute the same function. The bias :math:`b` is (edges, heads) in the edge order of a
    pattern, and what ``bias_grid`` makes of it on a padded table. Dropout zeroes attention weights
    after the softmax and scales the others up; the layouts draw different ones.

    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """

    def __init__(self, dim: int, heads: int, *, dropout: float = 0.0):
        super().__init__()
        if heads < 1 or dim % heads:
            raise ConfigError(f"dim must be a multiple of heads; got dim {dim}, heads {heads}")
        self.dim = dim
        self.heads = heads
        self.dropout = dropout
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights as ``nn.MultiheadAttention`` does; biases are zero."""
        nn.init.xavier_uniform_(self.query_key_value.weight)
        nn.init.zeros_(self.query_key_value.bias)
        self.output.reset_parameters()
        nn.init.zeros_(self.output.bias)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        graphs: GraphLayout,
        bias: Float[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "nodes dim"]:
        """Attend; ``bias`` is zero when left out."""
        if isinstance(graphs, PaddedRows):
            return self.output(self._padded(x, graphs, bias))
        if isinstance(graphs, SparsePattern):
            return self.output(self._sparse(x, graphs, bias))
        raise ShapeError(
            f"attention takes a SparsePattern or PaddedRows; got {type(graphs).__name__}"
        )

    def _sparse(self, x: Tensor, pattern: SparsePattern, bias: Tensor | None) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        if bias is None:
            projection = self.query_key_value
            weights = projection.weight, projection.bias
            return self_attention(x, *weights, pattern, self.heads, dropout=dropout)
        query, key, value = self._split(self.query_key_value(x))
        bias = bias.to(query.dtype)  # which autocast may have narrowed
        return sparse_attention(query, key, value, pattern, bias, dropout=dropout).flatten(1)

    def _padded(self, x: Tensor, graphs: PaddedRows, bias: Tensor | None) -> Tensor:
        query, key, value = self._split(graphs.pad(self.query_key_value(x)))
        mask = None if graphs.mask is None else graphs.mask[:, None, None, :]
        attended = F.scaled_dot_product_attention(
            query.transpose(1, 2),
            key.transpose(1, 2),
            value.transpose(1, 2),
            attn_mask=mask if bias is None else bias,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return graphs.unpad(attended.transpose(1, 2).flatten(2))

    def _split(self, projected: Tensor) -> tuple[Tensor, ...]:
        """Query, key and value, each (..., heads, dim)."""
        return projected.unflatten(-1, (3, self.heads, -1)).unbind(-3)
