"""Pair functions: what an attention makes of a query, a key and the features of their edge."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast, no_type_check

import torch
import warp as wp
from torch import Tensor

from graphformers.errors import ConfigError


@dataclass(frozen=True, eq=False)
class PairScore:
    r"""A channel-wise pair feature :math:`s = \phi(q, k, e)` of one's own.

    ``function`` is a ``@wp.func`` of two to four numbers: query, key and up to two edge features.
    Warp differentiates it. ``reference`` is the same function of torch tensors; only what leaves
    the kernels needs it: ``torch.export`` and second derivatives.

    Numbers annotated ``float`` serve float32 only, those annotated ``typing.Any`` float64 too;
    constants then take the type of an argument, as in ``type(q)(0.5)``. Arithmetic, roots, absolute
    values and selections become vector code on a CPU; exponentials and the like do not, and cost
    far more than the rest: apply them to ``edge`` before the call where that is possible.

    .. code-block:: python

        @wp.func
        def gated(q: float, k: float, e: float):
            return q * k * e / (1.0 + wp.abs(e))

        y = sparse_attention(query, key, value, pattern, score=PairScore(gated), edge=edge)
    """

    function: wp.Function
    reference: Callable[..., Tensor] | None = None
    name: str = ""  # that of the function when left out

    def __post_init__(self):
        if not isinstance(self.function, wp.Function):
            raise ConfigError(f"a score is made from a @wp.func; got {type(self.function)}")
        if not 0 <= self.edge_inputs <= 2:
            raise ConfigError(
                "a score takes a query, a key and up to two edge numbers; "
                f"got {list(self.function.input_types)}"
            )
        # Operators know a score by its name, and kernels are made for a name: one function has one,
        # however often it is wrapped.
        if not self.name:
            number = len(_names)
            name = _names.setdefault(self.function, f"{self.function.key}.{number}")
            object.__setattr__(self, "name", name)
        known = _known.get(self.name)
        if known is not None and known.function is not self.function:
            raise ConfigError(f"there is a score named {self.name!r} already")
        if known is None or known.reference is None:
            _known[self.name] = self

    @property
    def edge_inputs(self) -> int:
        """How many numbers of its edge a channel takes."""
        return len(self.function.input_types) - 2


_names: dict[wp.Function, str] = {}
_known: dict[str, PairScore] = {}


def find_score(name: str) -> PairScore:
    """The score of this name: a built-in one or one that a user has made."""
    if name not in _known:
        raise ConfigError(f"score must be one of {list(SCORES)} or a PairScore; got {name!r}")
    return _known[name]


@no_type_check
@wp.func
def _dot(q: Any, k: Any):
    return q * k


@no_type_check
@wp.func
def _dot_edge(q: Any, k: Any, e: Any):
    return q * k * e


@no_type_check
@wp.func
def _signed_sqrt(q: Any, k: Any, w: Any, b: Any):
    s = (q + k) * w
    zero = type(q)(0.0)
    # each root is taken of a number that is not zero, so that its slope stays finite
    root = wp.sqrt(wp.where(s == zero, type(q)(1.0), wp.abs(s)))
    s = wp.where(s == zero, zero, wp.where(s < zero, -root, root)) + b
    return wp.where(s <= zero, zero, s)  # unlike a maximum, keeps what is not a number


@no_type_check
@wp.func
def _l2(q: Any, k: Any):
    return q * k - type(q)(0.5) * k * k


def _signed_sqrt_reference(q: Tensor, k: Tensor, w: Tensor, b: Tensor) -> Tensor:
    s = (q + k) * w
    root = torch.where(s == 0, 1, s.abs()).sqrt()
    return (torch.where(s == 0, 0, s.sign() * root) + b).relu()


SCORES = {
    score.name: score
    for score in (
        PairScore(cast(wp.Function, _dot), lambda q, k: q * k, "dot"),
        PairScore(cast(wp.Function, _dot_edge), lambda q, k, e: q * k * e, "dot_edge"),
        PairScore(cast(wp.Function, _signed_sqrt), _signed_sqrt_reference, "signed_sqrt"),
        PairScore(cast(wp.Function, _l2), lambda q, k: q * k - 0.5 * k * k, "l2"),
    )
}
