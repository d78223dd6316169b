"""Space-filling curves: one number per point, near for points that are near."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

_KEY_BITS = 63  # of an int64 that stays positive


def grid_cells(points: Float[Tensor, "points axes"], bits: int) -> Int[Tensor, "points axes"]:
    """Cells of a cubic grid with ``2 ** bits`` cells along the longest side of the point cloud."""
    lowest = points.amin(0)
    extent = (points.amax(0) - lowest).amax().double()
    cell = (points - lowest).double() / extent.clamp(min=torch.finfo(torch.float64).tiny)
    return (cell * (2**bits - 1)).long()


def bits_per_axis(axes: int) -> int:
    """Bits that fit a key: 31 in the plane, 21 in space."""
    return _KEY_BITS // axes


def morton_key(cell: Int[Tensor, "points axes"], bits: int) -> Int[Tensor, " points"]:
    """Bits of all axes in turn, highest first: place on the Z-shaped curve.

    Source: Morton 1966, A computer oriented geodetic data base (IBM).
    """
    key = torch.zeros_like(cell[:, 0])
    for bit in reversed(range(bits)):
        for axis in cell.unbind(1):
            key = key << 1 | axis >> bit & 1
    return key


def hilbert_key(cell: Int[Tensor, "points axes"], bits: int) -> Int[Tensor, " points"]:
    """Place on the Hilbert curve, whose neighbours on the curve are neighbours in space.

    From the highest bit down, each axis turns or mirrors the curve inside the cell it chooses; a
    Gray code of the turned axes then gives the digits, whose bits are taken in turn.

    Source: Skilling 2004, Programming the Hilbert curve, AIP Conference Proceedings 707.
    """
    axes = list(cell.unbind(1))
    for bit in reversed(range(1, bits)):
        low = (1 << bit) - 1
        for number, axis in enumerate(axes):
            swap = (axes[0] ^ axis) & low
            mirrors = (axis >> bit & 1).bool()
            axes[number] = torch.where(mirrors, axis, axis ^ swap)
            axes[0] = torch.where(mirrors, axes[0] ^ low, axes[0] ^ swap)
    for number in range(1, len(axes)):
        axes[number] = axes[number] ^ axes[number - 1]
    turn = torch.zeros_like(axes[0])
    for bit in reversed(range(1, bits)):
        turn = torch.where((axes[-1] >> bit & 1).bool(), turn ^ ((1 << bit) - 1), turn)
    return morton_key(torch.stack([axis ^ turn for axis in axes], dim=1), bits)
