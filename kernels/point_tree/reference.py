"""Building trees in plain torch, all nodes of a level at once: the definition, and CUDA's way."""

import torch
from torch import Tensor

from graphformers.kernels.point_tree.kernel import LEAF


def build_reference(
    items: Tensor, boxes: Tensor, first: Tensor, last: Tensor, ends: Tensor
) -> None:
    """Permute ``items`` and write ``boxes``; the tables in ``kernel.py`` name the arguments.

    Points with equal coordinates keep their order here. Any other order makes a tree as good.
    """
    while first.shape[0] > 0:
        low = first * LEAF
        sizes = torch.minimum(last * LEAF, ends) - low
        node = torch.arange(first.shape[0], device=first.device).repeat_interleave(sizes)
        before = sizes.cumsum(0) - sizes
        place = torch.arange(node.shape[0], device=first.device) + (low - before)[node]
        at = items[place, :3]
        index = node[:, None].expand(-1, 3)
        unset = at.new_empty(first.shape[0], 3)
        lowest = unset.scatter_reduce(0, index, at, "amin", include_self=False)
        highest = unset.scatter_reduce(0, index, at, "amax", include_self=False)
        middle = first + (last - first) // 2
        boxes[torch.where(last - first == 1, 2 * first, 2 * middle - 1)] = torch.cat(
            [lowest, highest], dim=1
        )
        axis = (highest - lowest).argmax(1)
        by_value = at.gather(1, axis[node, None]).squeeze(1).argsort(stable=True)
        items[place] = items[place[by_value[node[by_value].argsort(stable=True)]]]
        first, last, ends = children(first, last, ends)


def children(first: Tensor, last: Tensor, ends: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both halves of every node that is not a leaf."""
    inner = last - first > 1
    first, last, ends = first[inner], last[inner], ends[inner]
    middle = first + (last - first) // 2
    return torch.cat([first, middle]), torch.cat([middle, last]), torch.cat([ends, ends])
