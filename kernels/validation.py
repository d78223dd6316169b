"""What every operation asks of its tensors, checked once at the public edge."""

import torch
from torch import Tensor

from graphformers.errors import ShapeError

_LARGEST_LOOP = 2**31 - 1  # loops inside kernels count in 32 bits


def check_floating(**tensors: Tensor) -> None:
    """All of one floating type, float32 or float64, and on one device."""
    first, reference = next(iter(tensors.items()))
    if reference.dtype not in (torch.float32, torch.float64):
        raise ShapeError(f"{first} must be float32 or float64; got {reference.dtype}")
    for name, tensor in tensors.items():
        if tensor.dtype != reference.dtype:
            raise ShapeError(
                f"{name} must have the dtype of {first}; got {tensor.dtype} and {reference.dtype}"
            )
        if tensor.device != reference.device:
            raise ShapeError(
                f"{name} must be on the device of {first}; got {tensor.device}, {reference.device}"
            )


def check_indices(device: torch.device, **tensors: Tensor) -> None:
    """One axis, int64 and on the device of the values."""
    for name, tensor in tensors.items():
        if tensor.ndim != 1 or tensor.dtype != torch.int64:
            shape = tuple(tensor.shape)
            raise ShapeError(f"{name} must be one axis of int64; got {tensor.dtype} {shape}")
        if tensor.device != device:
            raise ShapeError(f"{name} must be on {device}; got {tensor.device}")
        if tensor.shape[0] > _LARGEST_LOOP:
            raise ShapeError(f"{name} must have fewer than 2**31 entries; got {tensor.shape[0]}")


def check_shape(name: str, tensor: Tensor, expected: tuple[int, ...], meaning: str) -> None:
    """An exact shape; ``meaning`` names its axes in the message."""
    if tuple(tensor.shape) != expected:
        raise ShapeError(f"{name} must be {meaning} = {expected}; got {tuple(tensor.shape)}")


def check_segments(ptr: Tensor, slots: int) -> None:
    """Segments that tile the slots from first to last.

    Looks at the numbers, so it belongs inside an operator, and only looks on the CPU: on CUDA it
    would stall the stream.
    """
    if ptr.is_cuda:
        return
    first, last = int(ptr[0]), int(ptr[-1])
    if first != 0 or last != slots:
        raise ShapeError(
            f"ptr must run from 0 to {slots}, the number of items; got {first}, {last}"
        )
