"""From tokens back to the voxels they were made of."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.kernels import segment_broadcast
from graphformers.layers.normalization import BatchNorm
from graphformers.physics.models.volt.tokenizer import Patches

EPSILON = 1e-3
MOMENTUM = 0.01


class Unembedding(nn.Module):
    r"""A linear map for every place of a patch, from the token to the voxel at that place.

    .. math:: y_v = W_{o(v)}\, t_{p(v)} + b

    Only voxels that exist are computed, place by place. The published program, and ours when
    compiled, maps every token to all places and picks.
    """

    def __init__(self, dim: int, places: int):
        super().__init__()
        self.places = places
        self.projection = nn.Linear(dim, places * dim, bias=False)
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(
        self, tokens: Float[Tensor, "tokens dim"], patches: Patches
    ) -> Float[Tensor, "voxels dim"]:
        """Features of every voxel."""
        if torch.compiler.is_compiling():
            everywhere = self.projection(tokens).view(
                tokens.shape[0] * self.places, tokens.shape[1]
            )
            return everywhere.index_select(0, patches.slot) + self.bias
        by_place = patches.offset.argsort(stable=True)
        rank = by_place.argsort()
        counts = patches.offset.bincount(minlength=self.places).tolist()
        sources = segment_broadcast(tokens, patches.row_ptr, rank[patches.order]).split(counts)
        weights = self.projection.weight.view(self.places, *2 * tokens.shape[1:])
        pairs = zip(sources, weights.unbind(), strict=True)
        mapped = torch.cat([F.linear(source, weight, self.bias) for source, weight in pairs])
        return mapped.index_select(0, rank)


class Decoder(nn.Module):
    r"""Narrow the tokens, then un-embed them, with batch normalisation and GELU all along.

    .. math:: u = g(W\, g(t)), \qquad y = g(\mathrm{unembed}(u)), \qquad
              g(x) = \mathrm{GELU}(\mathrm{BN}(x))
    """

    def __init__(self, dim: int, out: int, places: int):
        super().__init__()
        self.token_norm = BatchNorm(dim, eps=EPSILON, momentum=MOMENTUM)
        self.narrow = nn.Linear(dim, out, bias=False)
        self.narrow_norm = BatchNorm(out, eps=EPSILON, momentum=MOMENTUM)
        self.unembedding = Unembedding(out, places)
        self.voxel_norm = BatchNorm(out, eps=EPSILON, momentum=MOMENTUM)

    def forward(
        self, tokens: Float[Tensor, "tokens dim"], patches: Patches
    ) -> Float[Tensor, "voxels out"]:
        """Features of every voxel."""
        narrow = self.narrow(F.gelu(self.token_norm(tokens)))
        voxels = self.unembedding(F.gelu(self.narrow_norm(narrow)), patches)
        return F.gelu(self.voxel_norm(voxels))
