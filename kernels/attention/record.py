"""The weights of every attention that runs inside a block of code."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.kernels.attention.reference import (
    AttentionSettings,
    AttentionTensors,
    softmax_reference,
)
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.validation import HALF


@dataclass(frozen=True, eq=False, kw_only=True)
class RecordedAttention:
    """The weights of one attention, edge-wise in the order of ``pattern.edge_index``.

    ``weight`` is the softmax: it adds up to 1 over the edges into a target. ``gate`` is what
    multiplied it afterwards. Dropout is left out.
    """

    pattern: SparsePattern
    weight: Float[Tensor, "edges heads"]
    gate: Float[Tensor, "edges heads"] | None = None

    @property
    def applied(self) -> Float[Tensor, "edges heads"]:
        """What the values were multiplied with: the softmax times its gate."""
        return self.weight if self.gate is None else self.weight * self.gate


_records: ContextVar[list[RecordedAttention] | None] = ContextVar("records", default=None)


@contextmanager
def recorded_attention() -> Iterator[list[RecordedAttention]]:
    """Collect the weights of every ``sparse_attention`` called inside the block, in call order.

    They are computed beside the call, by the plain torch definition, without a gradient: a score of
    one's own needs its ``reference``. Compiled code records nothing, and other threads do not.
    """
    records: list[RecordedAttention] = []
    token = _records.set(records)
    try:
        yield records
    finally:
        _records.reset(token)


def recording() -> bool:
    """Whether a block that collects weights is open."""
    return not torch.compiler.is_compiling() and _records.get() is not None


def record(tensors: AttentionTensors, settings: AttentionSettings, pattern: SparsePattern) -> None:
    """Add the weights of one call to the innermost open block."""
    records = _records.get()
    if records is None:
        return
    given = AttentionTensors._make(_as_computed(one) for one in tensors)
    softmax, _ = softmax_reference(given, settings, pattern)
    weight = torch.empty_like(softmax).index_copy(0, pattern.edge, softmax)
    records.append(RecordedAttention(pattern=pattern, weight=weight, gate=given.gate))


def _as_computed(tensor: Tensor | None) -> Tensor | None:
    if tensor is None:
        return None
    return tensor.detach().float() if tensor.dtype in HALF else tensor.detach()
