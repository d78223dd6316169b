"""Attention to a few anchors, whose keys and values are worked out once and read by anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.fx.experimental.symbolic_shapes import statically_known_true
from torch.nn.functional import scaled_dot_product_attention

from graphformers.kept import kept
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.rotary_code import RotaryCode, Rotation, rotate


@dataclass(frozen=True, eq=False)
class TokenPlaces:
    """Where tokens lie, in space and in their batch: the same for all layers."""

    rotation: Rotation
    ptr: Int[Tensor, " graphs_plus_1"]
    num_tokens: int

    @staticmethod
    def of(
        code: RotaryCode,
        positions: Float[Tensor, "tokens space"],
        ptr: Int[Tensor, " graphs_plus_1"],
    ) -> "TokenPlaces":
        """The places of tokens at these positions, those of a graph together."""
        return TokenPlaces(code(positions), ptr, positions.shape[0])

    @kept
    def rows(self) -> PaddedRows:
        """The tokens on a grid of graphs."""
        if torch.compiler.is_compiling() and not statically_known_true(self.num_tokens >= 2):
            return _RoomyRow(self.ptr, self.num_tokens)
        return PaddedRows(self.ptr, self.num_tokens)

    @property
    def there(self) -> Bool[Tensor, "graphs longest"] | None:
        """Which places of the grid hold a token; None where all do."""
        if self.rows.mask is None:
            return None
        columns = torch.arange(self.rows.longest, device=self.ptr.device)
        return columns < self.ptr.diff()[:, None]


class _RoomyRow(PaddedRows):
    """Two free places behind the tokens of a single graph.

    The tracer cannot tell attention to none or one from attention to many where the number of
    tokens depends on data.
    """

    def __init__(self, ptr: Int[Tensor, " graphs_plus_1"], num_nodes: int):
        super().__init__(ptr, num_nodes)
        if self.slot is None:
            self.longest = num_nodes + 2
            self.slot = torch.arange(num_nodes, device=ptr.device)
            self.mask = (torch.arange(self.longest, device=ptr.device) < num_nodes)[None]


class KeysAndValues(NamedTuple):
    """Keys, turned by their places, and values, on a grid of graphs.

    ``there`` marks the places that hold a token; None where all do.
    """

    key: Float[Tensor, "graphs heads longest head_dim"]
    value: Float[Tensor, "graphs heads longest head_dim"]
    there: Bool[Tensor, "graphs longest"] | None

    @staticmethod
    def of(
        key: Float[Tensor, "tokens heads head_dim"],
        value: Float[Tensor, "tokens heads head_dim"],
        places: TokenPlaces,
    ) -> "KeysAndValues":
        """Lay out the keys and values of some tokens."""
        turned = places.rows.pad(rotate(key, places.rotation))
        laid_out = places.rows.pad(value)
        return KeysAndValues(turned.transpose(1, 2), laid_out.transpose(1, 2), places.there)

    @staticmethod
    def together(parts: Sequence["KeysAndValues"]) -> "KeysAndValues":
        """Several as one, to be read in a single softmax."""
        if len(parts) == 1:
            return parts[0]
        there = [one.there for one in parts if one.there is not None]
        return KeysAndValues(
            torch.cat([one.key for one in parts], dim=2),
            torch.cat([one.value for one in parts], dim=2),
            torch.cat(there, dim=1) if there else None,
        )

    def of_graph(self, graph: int) -> "KeysAndValues":
        """Those of one graph, without free places."""
        key, value = self.key[graph : graph + 1], self.value[graph : graph + 1]
        if self.there is None:
            return KeysAndValues(key, value, None)
        tokens = self.there[graph].nonzero().squeeze(1)
        return KeysAndValues(key.index_select(2, tokens), value.index_select(2, tokens), None)


def read(
    query: Float[Tensor, "tokens heads head_dim"], places: TokenPlaces, anchors: KeysAndValues
) -> Float[Tensor, "tokens dim"]:
    r"""Attention of every token to the anchors of its graph; of a graph without any, zero.

    .. math:: y_i = \sum_j \mathrm{softmax}_j(R_i q_i \cdot k_j / \sqrt d)\, v_j

    with the rotation :math:`R`. No token sees another one that is not an anchor.
    """
    if not torch.compiler.is_compiling() and anchors.key.shape[2] == 0:
        return torch.zeros_like(query).flatten(1)
    grid = places.rows.pad(rotate(query, places.rotation)).transpose(1, 2)
    attended = scaled_dot_product_attention(
        grid, anchors.key, anchors.value, attn_mask=_mask(anchors.there)
    )
    return places.rows.unpad(attended.transpose(1, 2)).flatten(1)


def _mask(there: Tensor | None) -> Bool[Tensor, "graphs 1 1 longest"] | None:
    """Where to look. A graph with nothing there looks at its first place, whose value is zero."""
    if there is None:
        return None
    first = torch.arange(there.shape[1], device=there.device) == 0
    return (there | (first & ~there.any(dim=1, keepdim=True)))[:, None, None]
