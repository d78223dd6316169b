"""From voxels to tokens: one token for every patch with a voxel in it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.kernels import group_voxels, patch_offsets


@dataclass(frozen=True, eq=False, kw_only=True)
class Patches:
    """Patches of a batch of scenes in lexicographic order of scene and cell, and who is in them.

    The voxels of token ``t`` are ``order[row_ptr[t]:row_ptr[t + 1]]``.
    """

    cell: Int[Tensor, "tokens space"]  # counted from the lowest patch of the scene along each axis
    ptr: Int[Tensor, " scenes_plus_1"]  # first token of every scene, and the number of tokens
    token: Int[Tensor, " voxels"]  # token of every voxel
    row_ptr: Int[Tensor, " tokens_plus_1"]
    order: Int[Tensor, " voxels"]
    offset: Int[Tensor, " voxels"]  # place of every voxel in its patch, the last axis fastest
    places: int  # of a patch

    @property
    def num_tokens(self) -> int:
        """Number of tokens of all scenes."""
        return self.cell.shape[0]

    @property
    def slot(self) -> Int[Tensor, " voxels"]:
        """Place of every voxel among those of all patches."""
        return self.token * self.places + self.offset


def find_patches(
    coordinates: Int[Tensor, "voxels space"], ptr: Int[Tensor, " scenes_plus_1"], width: int
) -> Patches:
    r"""Patches of ``width`` voxels an axis: :math:`\lfloor x / w \rfloor` and :math:`x \bmod w`.

    Coordinates may be negative or large: patches are counted from the lowest one of their scene,
    which changes no difference between them, and differences are all that attention sees.
    """
    coordinates = coordinates.to(torch.int64)
    voxels = group_voxels(coordinates.div(width, rounding_mode="floor"), ptr)
    scenes = torch.arange(ptr.shape[0], device=ptr.device)
    token_ptr = torch.searchsorted(voxels.graph, scenes)
    return Patches(
        cell=voxels.cell - _lowest(voxels.cell, voxels.graph, ptr.shape[0] - 1),
        ptr=token_ptr,
        token=voxels.inverse,
        row_ptr=voxels.row_ptr,
        order=voxels.order,
        offset=patch_offsets(coordinates, width),
        places=width ** coordinates.shape[1],
    )


class Tokenizer(nn.Module):
    r"""A linear map of all voxels of a patch, zeros where there is none.

    .. math:: t_p = W\, [x_{p,0}, \dots, x_{p,K-1}] + b

    Of several rows in one voxel the last one counts, on every device. The published program writes
    them one over the other, which on a GPU leaves any of them.
    """

    def __init__(self, channels: int, places: int, dim: int):
        super().__init__()
        self.projection = nn.Linear(places * channels, dim)

    def forward(
        self, features: Float[Tensor, "voxels channels"], patches: Patches
    ) -> Float[Tensor, "tokens dim"]:
        """One token for every patch."""
        slot, num_slots = patches.slot, patches.num_tokens * patches.places
        number = torch.arange(slot.shape[0], device=slot.device)
        last = number.new_full((num_slots,), -1).scatter_reduce(0, slot, number, "amax")
        counts = (last.index_select(0, slot) == number)[:, None]
        features = torch.where(counts, features, 0)
        filled = features.new_zeros(num_slots, features.shape[1]).index_add(0, slot, features)
        return self.projection(filled.view(patches.num_tokens, self.projection.in_features))


def _lowest(cell: Tensor, scene: Tensor, scenes: int) -> Int[Tensor, "tokens space"]:
    """Smallest coordinate of its scene along each axis, for every token."""
    largest = torch.iinfo(cell.dtype).max
    scene = scene[:, None].expand(cell.shape)
    lowest = cell.new_full((scenes, cell.shape[1]), largest).scatter_reduce(0, scene, cell, "amin")
    return lowest.gather(0, scene)
