"""Rows of ragged graphs on a dense grid, for operations that want one row length."""

from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class PaddedRows:
    """Where each node of a ragged batch sits on a dense ``(graphs, longest)`` grid.

    Built once per batch and shared by every layer which needs it. A single graph is its own grid:
    nothing is copied, nothing is masked and no size has to be read back from the device.
    """

    slot: Int[Tensor, " nodes"] | None  # place of every node on the flattened grid
    mask: Bool[Tensor, "graphs longest"] | None  # places which a softmax may look at

    def __init__(self, ptr: Int[Tensor, " graphs_plus_1"], num_nodes: int):
        self.num_graphs = ptr.shape[0] - 1
        self.longest, self.slot, self.mask = num_nodes, None, None
        if self.num_graphs == 1:
            return
        sizes = ptr.diff()
        # Two columns at least: attention treats one apart, and the exporter cannot tell.
        self.longest = cast(int, torch.cat([sizes, sizes.new_full((1,), 2)]).amax().item())
        torch._check(self.longest >= 2)
        graphs = torch.arange(self.num_graphs, device=ptr.device)
        padding = graphs * self.longest - ptr[:-1]
        shift = padding.repeat_interleave(sizes, output_size=num_nodes)
        self.slot = torch.arange(num_nodes, device=ptr.device) + shift
        columns = torch.arange(self.longest, device=ptr.device)
        # A graph without nodes keeps one place: a softmax over nothing would be NaN, and so would
        # every gradient that passes by.
        self.mask = columns < sizes.clamp(min=1)[:, None]

    def pad(self, rows: Float[Tensor, " nodes *rest"]) -> Float[Tensor, "graphs longest *rest"]:
        """Lay the rows out on the grid; free places are zero."""
        if self.slot is None:
            return rows[None]
        grid = rows.new_zeros(self.num_graphs * self.longest, *rows.shape[1:])
        grid = grid.index_put((self.slot,), rows)  # index_copy would keep the rows for its backward
        return grid.view(self.num_graphs, self.longest, *rows.shape[1:])

    def unpad(self, grid: Float[Tensor, "graphs longest *rest"]) -> Float[Tensor, " nodes *rest"]:
        """Collect the rows from the grid again; what stands on free places is dropped."""
        if self.slot is None:
            return grid[0]
        return grid.flatten(0, 1).index_select(0, self.slot)
