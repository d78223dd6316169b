"""Numbers of pairs of nodes on the padded grid of an attention."""

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.kernels import SparsePattern
from graphformers.layers.padded_rows import PaddedRows


def bias_grid(
    bias: Float[Tensor, "pairs heads"], pairs: SparsePattern, rows: PaddedRows
) -> Float[Tensor, "graphs heads longest longest"]:
    """A bias of all pairs inside each graph as ``GraphAttention`` wants it with ``PaddedRows``.

    Rows of the grid are targets, columns sources; minus infinity hides the columns without a node.
    """
    heads = bias.shape[1]
    if rows.slot is None:
        ordered = torch.empty_like(bias).index_copy(0, _row_by_row(pairs), bias)
        return ordered.view(1, rows.longest, rows.longest, heads).movedim(3, 1)
    source, target = pairs.edge_index
    place = rows.slot[target] * rows.longest + rows.slot[source] % rows.longest
    grid = bias.new_zeros(rows.num_graphs * rows.longest**2, heads).index_put((place,), bias)
    grid = grid.view(rows.num_graphs, rows.longest, rows.longest, heads).movedim(3, 1)
    return grid if rows.mask is None else grid.masked_fill(~rows.mask[:, None, None], -torch.inf)


def _row_by_row(pairs: SparsePattern) -> Tensor:
    source, target = pairs.edge_index
    return target * pairs.num_sources + source
