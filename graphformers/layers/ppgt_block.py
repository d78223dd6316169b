"""One layer of a plain graph transformer."""

from typing import final

from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.adaptive_mlp import AdaptiveMLP
from graphformers.layers.adaptive_rms_norm import AdaptiveRMSNorm
from graphformers.layers.graph_drop_path import GraphDropPath
from graphformers.layers.layer_scale import layer_scale
from graphformers.layers.squared_distance_attention import SquaredDistanceAttention


@final
class PPGTBlock(nn.Module):
    r"""Attention and a feed-forward part, each normalised before and added after.

    .. math::
        h &= x + \mathrm{DropPath}\bigl(\gamma_1 \odot \mathrm{Attention}(\mathrm{AdaRMSN}(x))
             \bigr) \\
        x' &= h + \mathrm{DropPath}\bigl(\gamma_2 \odot \mathrm{MLP}(\mathrm{AdaRMSN}(h))\bigr)

    Source: Ma et al. 2025, arXiv:2504.12588.
    """

    def __init__(
        self,
        attention: SquaredDistanceAttention,
        *,
        ratio: int = 2,
        drop_path: float = 0.0,
        layer_scale_from: float | None = None,
    ):
        super().__init__()
        dim = attention.dim
        self.norm = AdaptiveRMSNorm(dim)
        self.attention = attention
        self.scale = layer_scale(dim, layer_scale_from)
        self.feed_forward = AdaptiveMLP(dim, ratio=ratio, layer_scale_from=layer_scale_from)
        self.drop_path = GraphDropPath(drop_path)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        ptr: Int[Tensor, " graphs_plus_1"],
        pattern: SparsePattern,
        bias: Float[Tensor, "pairs heads"] | None = None,
        gate: Float[Tensor, "pairs heads"] | None = None,
    ) -> Float[Tensor, "nodes dim"]:
        """New node features; ``bias`` and ``gate`` as ``SquaredDistanceAttention`` takes them."""
        attended = self.attention(self.norm(x), pattern, bias, gate)
        x = x + self.drop_path(self.scale(attended), ptr)
        return x + self.drop_path(self.feed_forward(x), ptr)
