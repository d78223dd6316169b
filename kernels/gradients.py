"""Gradients of what asks for one."""

from collections.abc import Sequence

import torch
from torch import Tensor


def gradients(
    out: Tensor, given: Sequence[Tensor], grad: Tensor, *, create_graph: bool = False
) -> list[Tensor | None]:
    """Pull ``grad`` back to ``given``; None for what needs none, such as data or frozen weights."""
    wanted = [one for one in given if one.requires_grad]
    found = iter(torch.autograd.grad(out, wanted, grad, create_graph=create_graph))
    return [next(found) if one.requires_grad else None for one in given]
