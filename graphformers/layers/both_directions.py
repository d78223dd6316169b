"""Mesh edges, each stored once, as edges both ways."""

import dataclasses

import torch

from graphformers.kernels import SparsePattern


def both_directions(edges: SparsePattern) -> SparsePattern:
    """Every edge and its reverse, numbered in the order of the pattern: by target, then source.

    A tensor over these edges lies in memory as the kernels read it. An edge that is stored in both
    directions already comes out twice.
    """
    pattern = SparsePattern.from_edge_index(
        torch.cat([edges.edge_index, edges.edge_index.flip(0)], dim=1),
        num_targets=edges.num_targets,
        num_sources=edges.num_sources,
    )
    slots = torch.arange(pattern.num_edges, device=pattern.edge.device)
    return dataclasses.replace(pattern, edge=slots)
