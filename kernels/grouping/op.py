"""Grouping items by key: how edge lists become compressed rows."""

from typing import cast

import torch
import warp as wp
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.grouping.kernel import group_kernel
from graphformers.kernels.grouping.reference import group_reference
from graphformers.kernels.launch import launch_once
from graphformers.kernels.validation import check_indices


def group(
    keys: Int[Tensor, " items"], groups: int
) -> tuple[Int[Tensor, " groups_plus_1"], Int[Tensor, " items"]]:
    """Group items by key: ``order[ptr[g]:ptr[g + 1]]`` are the items with key ``g``, ascending.

    Raises ``ShapeError`` for a key outside ``0 ... groups - 1``.
    """
    check_indices(keys.device, keys=keys)
    return torch.ops.graphformers.group(keys, groups)


torch.library.define("graphformers::group", "(Tensor keys, SymInt groups) -> (Tensor, Tensor)")


@torch.library.impl("graphformers::group", "cpu")
def _group_on_cpu(keys: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    _check_range(keys, groups)
    ptr, order = keys.new_zeros(groups + 1), torch.empty(keys.shape[0], dtype=torch.int64)
    kernel = cast(wp.Kernel, group_kernel)  # what the decorator made of the function
    launch_once(kernel, (keys.contiguous(), ptr, order))
    return ptr, order


@torch.library.impl("graphformers::group", "cuda")
def _group_on_cuda(keys: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    _check_range(keys, groups)
    return group_reference(keys, groups)


@torch.library.register_fake("graphformers::group")
def _group_shapes(keys: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    return keys.new_empty(groups + 1), keys.new_empty(keys.shape[0])


def _check_range(keys: Tensor, groups: int) -> None:
    if keys.shape[0] == 0:
        return
    low, high = (int(bound) for bound in keys.aminmax())
    if low < 0 or high >= groups:
        raise ShapeError(f"node numbers must lie in 0 ... {groups - 1}; got {low} ... {high}")
