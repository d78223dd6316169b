"""What every operation asks of its tensors, checked once at the public edge."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from graphformers.errors import ShapeError

Answer = TypeVar("Answer")

HALF = (torch.bfloat16, torch.float16)

_LARGEST_LOOP = 2**31 - 1  # loops inside kernels count in 32 bits


def check_floating(**tensors: Tensor) -> None:
    """All of one floating type, float32 or float64, and on one device."""
    _check_alike(tensors, half=False)


def check_floating_or_half(**tensors: Tensor) -> None:
    """Likewise, for operations that store half precision and compute in float32."""
    _check_alike(tensors, half=True)


def _check_alike(tensors: Mapping[str, Tensor], *, half: bool) -> None:
    first, reference = next(iter(tensors.items()))
    whole = reference.dtype in (torch.float32, torch.float64)
    if not whole and not (half and reference.dtype in HALF):
        more = ", or bfloat16 or float16" if half else ""
        raise ShapeError(f"{first} must be float32 or float64{more}; got {reference.dtype}")
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


def remembered(look: Callable[[Tensor], Answer]) -> Callable[[Tensor], Answer]:
    """Ask a question about a tensor's numbers once, for as long as it lives unchanged."""
    answers = WeakIdKeyDictionary()

    @wraps(look)
    def ask(tensor: Tensor) -> Answer:
        if tensor.is_inference():  # nobody counts its changes
            return look(tensor)
        known = answers.get(tensor)
        if known is None or known[0] != tensor._version:
            known = answers[tensor] = (tensor._version, look(tensor))
        return known[1]

    return ask


@remembered
def _lowest_and_highest(indices: Tensor) -> tuple[int, int]:
    low, high = indices.aminmax()
    return int(low), int(high)


@remembered
def _first_and_last_if_rising(ptr: Tensor) -> tuple[int, int] | None:
    rises = bool((ptr[1:] >= ptr[:-1]).all())
    return (int(ptr[0]), int(ptr[-1])) if rises else None


def check_segments(ptr: Tensor, slots: int, name: str = "ptr") -> None:
    """Segments that tile the slots from first to last.

    Looks at the numbers, so it belongs inside an operator, and only looks on the CPU: on CUDA it
    would stall the stream.
    """
    if ptr.is_cuda:
        return
    ends = _first_and_last_if_rising(ptr)
    if ends is None:
        raise ShapeError(f"{name} must never fall")
    if ends != (0, slots):
        raise ShapeError(
            f"{name} must run from 0 to {slots}, the number of items; got {ends[0]}, {ends[1]}"
        )


def check_range(name: str, indices: Tensor, limit: int) -> None:
    """Numbers from 0 to ``limit - 1``; looks, like ``check_segments``, inside operators only."""
    if indices.is_cuda or indices.shape[0] == 0:
        return
    low, high = _lowest_and_highest(indices)
    if low < 0 or high >= limit:
        raise ShapeError(f"{name} must lie in 0 ... {limit - 1}; got {low} ... {high}")


def check_graphs(edge_index: Tensor, ptr: Tensor) -> Tensor:
    """A batch of graphs whose edges stay inside them; gives the graph of every node.

    Looks at the numbers on every device, so it belongs inside an operator.
    """
    sizes = ptr.diff()
    if ptr.shape[0] == 0 or int(ptr[0]) != 0 or not bool((sizes >= 0).all()):
        raise ShapeError("ptr must start at 0 and never fall")
    graphs = torch.arange(sizes.shape[0], device=ptr.device)
    graph = graphs.repeat_interleave(sizes)
    if edge_index.shape[1] > 0:
        low, high = (int(bound) for bound in edge_index.aminmax())
        if low < 0 or high >= graph.shape[0]:
            last = graph.shape[0] - 1
            raise ShapeError(f"node numbers must lie in 0 ... {last}; got {low} ... {high}")
    if not torch.equal(graph[edge_index[0]], graph[edge_index[1]]):
        raise ShapeError("edge_index must not join nodes of different graphs")
    return graph
