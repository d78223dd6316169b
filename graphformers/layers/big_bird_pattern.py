"""Sparse attention of a window, a few random nodes and a few global ones."""

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern


def big_bird_pattern(
    ptr: Int[Tensor, " graphs_plus_1"], *, reach: int, random: int, hubs: int, seed: int = 0
) -> SparsePattern:
    """Who sees whom: linear in the nodes, and no two nodes of a graph more than two steps apart.

    Every node sees ``reach`` nodes before and after it in its graph and itself, up to ``random``
    others drawn by chance, and the first ``hubs`` nodes of its graph, which see all its nodes. What
    is drawn follows from the seed, the size of the graph and the place of the node in it, not from
    the other graphs of a batch.

    The order of the nodes matters: number them so that neighbours are near (``NodeOrder``).

    Source: Zaheer et al. 2020, arXiv:2007.14062, node by node instead of in blocks of nodes.
    """
    if min(reach, random, hubs) < 0:
        raise ConfigError(
            f"reach, random and hubs must not be negative; got {reach}, {random} and {hubs}"
        )
    nodes = int(ptr[-1])
    sizes = ptr.diff()
    first = ptr[:-1].repeat_interleave(sizes, output_size=nodes)
    size = sizes.repeat_interleave(sizes, output_size=nodes)
    chosen = [_hubs(first, size, hubs), _hubs(first, size, hubs).flip(0)]
    chosen.append(_drawn(first, size, random, seed))
    others = SparsePattern.from_edge_index(
        torch.cat(chosen, dim=1), num_targets=nodes, num_sources=nodes
    )
    return SparsePattern.union([SparsePattern.window(ptr, reach), others])


def _hubs(first: Tensor, size: Tensor, hubs: int) -> Int[Tensor, "2 edges"]:
    """From the first nodes of each graph to all its nodes."""
    number = torch.arange(hubs, device=first.device)
    source = first.unsqueeze(1) + number
    target = torch.arange(first.shape[0], device=first.device).unsqueeze(1).expand_as(source)
    inside = number < size.unsqueeze(1)
    return torch.stack([source[inside], target[inside]])


def _drawn(first: Tensor, size: Tensor, random: int, seed: int) -> Int[Tensor, "2 edges"]:
    """To every node from ``random`` others of its graph, some perhaps twice."""
    target = torch.arange(first.shape[0], device=first.device)
    place, draw = target - first, torch.arange(random, device=first.device)
    key = (place.unsqueeze(1) * 1_000_003 + draw) * 1_000_033 + size.unsqueeze(1)
    step = _hashed(key * 1_000_037 + seed) % (size - 1).clamp(min=1).unsqueeze(1) + 1
    source = first.unsqueeze(1) + (place.unsqueeze(1) + step) % size.unsqueeze(1)
    several = (size > 1).unsqueeze(1).expand_as(source)
    return torch.stack([source[several], target.unsqueeze(1).expand_as(source)[several]])


def _hashed(key: Tensor) -> Tensor:
    """Well mixed non-negative numbers: multiply and fold, twice (the steps of splitmix64)."""
    for factor in (-0x40A7B892E31B1A47, -0x6B2FB644ECCEEE15):  # odd, of 64 bits with their sign
        key = (key ^ (key >> 31 & 0x1FFFFFFFF)) * factor
    return (key ^ (key >> 31 & 0x1FFFFFFFF)) & 0x7FFFFFFFFFFFFFFF
