"""A transformer block whose tokens read anchors."""

from typing import cast, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.layers.adaptive_layer_norm import AdaptiveLayerNorm
from graphformers.layers.anchor_attention import KeysAndValues, TokenPlaces, read
from graphformers.layers.linear_of import linear_of
from graphformers.layers.mlp import MLP

EPSILON = 1e-6


@final
class AnchorBlock(nn.Module):
    r"""Read the keys and values of some anchors, then feed forward.

    .. math::
        x &\leftarrow x + W_o\,\mathrm{Attention}\bigl(W_q \mathrm{LN}(x),\ [k, v]\bigr), \qquad
        [k, v] = W_{kv} \mathrm{LN}(a) \\
        x &\leftarrow x + \mathrm{MLP}(\mathrm{LN}(x))

    The anchors :math:`a` may be among the tokens, be tokens of another kind with the same
    normalisation, or, with ``foreign``, something else that is normalised by itself. The MLP is
    ``feed_forward`` times as wide and uses GELU. ``conditioned`` blocks take a condition of every
    graph, of width ``dim``; see ``AdaptiveLayerNorm``.

    Source: Alkin et al. 2025, arXiv:2502.09692: ``foreign`` for the perceiver blocks.
    """

    def __init__(
        self,
        dim: int,
        *,
        heads: int,
        feed_forward: int = 4,
        foreign: bool = False,
        conditioned: bool = False,
    ):
        super().__init__()
        if dim % heads:
            raise ConfigError(f"dim must be a multiple of heads; got dim {dim}, heads {heads}")
        self.heads = heads
        self.norm = AdaptiveLayerNorm(dim, conditioned=conditioned)
        self.anchor_norm = nn.LayerNorm(dim, eps=EPSILON) if foreign else None
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.output = nn.Linear(dim, dim)
        self.feed_forward_norm = AdaptiveLayerNorm(dim, conditioned=conditioned)
        self.feed_forward = MLP([dim, feed_forward * dim, dim], "gelu")

    def keys_and_values(
        self,
        anchors: Float[Tensor, "anchors dim"],
        places: TokenPlaces,
        condition: Float[Tensor, "graphs dim"] | None = None,
    ) -> KeysAndValues:
        """What tokens read of these anchors."""
        if self.anchor_norm is not None:
            anchors = self.anchor_norm(anchors)
        else:
            anchors, _ = self.norm(anchors, places.ptr, condition)
        key, value = self.key_value(anchors).unflatten(1, (2, self.heads, -1)).unbind(1)
        return KeysAndValues.of(key, value, places)

    def forward(
        self,
        x: Float[Tensor, "tokens dim"],
        places: TokenPlaces,
        anchors: KeysAndValues,
        condition: Float[Tensor, "graphs dim"] | None = None,
    ) -> Float[Tensor, "tokens dim"]:
        """New tokens."""
        normed, gate = self.norm(x, places.ptr, condition)
        query = self.query(normed).unflatten(1, (self.heads, -1))
        x = x + _gated(self.output(read(query, places, anchors)), gate)
        normed, gate = self.feed_forward_norm(x, places.ptr, condition)
        return x + _gated(self._feed_forward(normed), gate)

    def _feed_forward(self, x: Tensor) -> Tensor:
        """The MLP, of which the backward pass computes the activation again, but no product."""
        first, second = (cast(nn.Linear, layer) for layer in self.feed_forward.layers)
        return linear_of(F.gelu, first(x), second.weight, second.bias)


def _gated(update: Tensor, gate: Tensor | None) -> Tensor:
    return update if gate is None else gate * update
