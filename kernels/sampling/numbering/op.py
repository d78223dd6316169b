"""The nodes of a sample, numbered as they turn up."""

from typing import cast

import torch
import warp as wp
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.launch import launch_once
from graphformers.kernels.sampling.numbering.kernel import number_kernel


class Numbering:
    """Numbers nodes 0, 1, 2, ... in the order of their first appearance.

    With ``with_trees`` a node is numbered once in every tree it turns up in. Memory grows with
    the nodes numbered, not with ``num_nodes``.
    """

    def __init__(self, num_nodes: int, *, with_trees: bool = False):
        self.num_nodes = num_nodes
        self._nodes = torch.empty(0, dtype=torch.int64)
        self._trees = torch.empty(0, dtype=torch.int64) if with_trees else None
        self._slots = torch.zeros(2, dtype=torch.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def nodes(self) -> Int[Tensor, " nodes"]:
        """The node behind every number."""
        return self._nodes[: self._count]

    @property
    def trees(self) -> Int[Tensor, " nodes"] | None:
        """The tree of each of them, where trees are told apart."""
        return None if self._trees is None else self._trees[: self._count]

    def add_(self, items: Int[Tensor, " items"], trees: Tensor | None, name: str) -> None:
        """Put every item's number in its place; equal ones share a number.

        An error calls the items ``name``.
        """
        self._reserve(self._count + items.shape[0])
        wrong = self._run_(items, trees, insert=True)
        if wrong >= 0:
            found = int(items[wrong])
            raise ShapeError(f"{name} must lie in 0 ... {self.num_nodes - 1}; got {found}")

    def find(
        self, items: Int[Tensor, " items"], trees: Int[Tensor, " items"] | None = None
    ) -> Int[Tensor, " items"]:
        """The number of every item, or -1 where it has none."""
        numbers = items.clone()
        self._run_(numbers, trees, insert=False)
        return numbers

    def _reserve(self, capacity: int) -> None:
        """Room for ``capacity`` nodes in a table at most half full."""
        if capacity > 2**31 - 1:
            raise ShapeError(f"a sample must have fewer than 2**31 nodes; got up to {capacity}")
        self._nodes = _extended(self.nodes, capacity)
        self._trees = None if self.trees is None else _extended(self.trees, capacity)
        if 2 * capacity > self._slots.shape[0]:
            known, known_trees = self.nodes.clone(), self.trees
            self._slots = self._slots.new_zeros(1 << (2 * capacity - 1).bit_length())
            self._count = 0
            self._run_(known, known_trees, insert=True)

    def _run_(self, items: Tensor, trees: Tensor | None, *, insert: bool) -> int:
        """Put numbers in place up to the first item that is no node; where that is, or -1."""
        state = torch.tensor([self._count, -1])
        tables = (self._slots, self._nodes, self._trees, state)
        kernel = cast(wp.Kernel, number_kernel)  # what the decorator made of the function
        launch_once(kernel, (items, trees, int(insert), self.num_nodes, *tables))
        self._count, wrong = state.tolist()
        return wrong


def _extended(values: Tensor, capacity: int) -> Tensor:
    """Room for ``capacity`` values, the known ones in front."""
    extended = values.new_empty(capacity)
    extended[: values.shape[0]] = values
    return extended
