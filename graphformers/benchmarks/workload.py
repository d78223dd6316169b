"""One job, and everyone who can do it."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import torch
from torch import Tensor

from graphformers.interop import import_dgl

OURS = "graphformers"

Contender = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the job cannot do without: bytes moved, exponentials, multiply-adds."""

    bytes: float = 0.0
    exponentials: float = 0.0
    multiply_adds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One operation on one input, done by every contender that is installed.

    ``size`` counts ``unit`` (``"edges"``, ``"points"``, ...); ``order`` says how the input lies in
    memory or is distributed (``"mesh"``, ``"random"``). ``tolerance`` is the largest difference
    from the first contender's result, relative to its largest number; without one, results are not
    compared, as for random samples.
    """

    operation: str
    order: str
    size: int
    unit: str
    contenders: Mapping[str, Contender]
    cost: Cost | None = None
    tolerance: float | None = None


def forward_backward(
    forward: Callable[[], Tensor], inputs: Sequence[Tensor], grad: Tensor
) -> Contender:
    """A forward pass and the gradients of all inputs, as one job with all of them as its result."""

    def run() -> tuple[Tensor, ...]:
        out = forward()
        return out.detach(), *torch.autograd.grad(out, list(inputs), grad)

    return run


def optional_module(name: str) -> ModuleType | None:
    """A package if it is here and fits; a peer that does not import is no peer on this machine."""
    try:
        return import_dgl() if name == "dgl" else importlib.import_module(name)
    except Exception:  # compiled packages fail in many ways when they meet another torch
        return None
