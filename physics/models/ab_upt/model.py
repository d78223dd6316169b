"""The model: encode the geometry and the anchors, let queries read them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ShapeError
from graphformers.layers.anchor_attention import TokenPlaces
from graphformers.layers.anchor_block import AnchorBlock
from graphformers.layers.mlp import MLP
from graphformers.layers.rotary_code import RotaryCode
from graphformers.layers.sine_position_code import wave_frequencies
from graphformers.layers.truncated_normal import truncated_normal_
from graphformers.models.official_weights import Checkpoint
from graphformers.physics.models.ab_upt.branch import BranchNetwork
from graphformers.physics.models.ab_upt.cache import AnchorCache
from graphformers.physics.models.ab_upt.config import ABUPTConfig
from graphformers.physics.models.ab_upt.geometry import GeometryEncoder
from graphformers.physics.models.ab_upt.official import from_official_layout
from graphformers.physics.models.ab_upt.points import Geometry, PointSet
from graphformers.physics.models.ab_upt.strand import Strand, sources
from graphformers.physics.models.required import required

Fields = dict[str, Float[Tensor, "_ _"]]  # points and components


class ABUPT(PretrainedModel[ABUPTConfig]):
    r"""Anchored-branched universal physics transformer: fields anywhere around a geometry.

    Points of the geometry are pooled into supernodes. A few anchors in every branch (on a surface,
    in the volume) read the supernodes and each other, block after block. A query is any further
    point: it reads what the anchors are in every block, and nobody reads it,

    .. math:: y(x) = \mathrm{decode}\bigl(x \mid \text{geometry},\ \text{anchors}\bigr)

    so its prediction does not depend on the other queries, and anchors are encoded once for all.

    Source: Alkin et al. 2025, arXiv:2502.09692. Ours takes several branches, features of points,
    and conditions, which scale and shift the normalised tokens.
    """

    config_class = ABUPTConfig

    def __init__(self, config: ABUPTConfig):
        super().__init__()
        self.config = config
        self.geometry = GeometryEncoder(config)
        head_dim = config.dim // config.heads
        frequencies = wave_frequencies(head_dim, config.space)
        self.rotary_code = RotaryCode.along_axes([frequencies] * config.space, head_dim // 2)
        self.blocks = nn.ModuleList(
            AnchorBlock(
                config.dim,
                heads=config.heads,
                feed_forward=config.feed_forward,
                foreign=kind == "perceiver",
                conditioned=config.conditions > 0,
            )
            for kind in config.blocks
        )
        self.branches = nn.ModuleDict(
            {branch.name: BranchNetwork(branch, config) for branch in config.branches}
        )
        if config.conditions:
            self.conditions = MLP([config.conditions, config.dim, config.dim], "silu")
        self.apply(_draw)

    @classmethod
    def from_official(cls, state_dict: Checkpoint, config: ABUPTConfig) -> "ABUPT":
        """The model with weights in one of the layouts of the published programs.

        In evaluation mode. Raises ``ModelFileError`` with the names that are missing, unknown or of
        another shape, and for positions that are coded with other frequencies.
        """
        model = cls(config)
        model.load_state_dict(from_official_layout(state_dict, config, model))
        return model.eval()

    def forward(
        self,
        geometry: Geometry,
        anchors: Mapping[str, PointSet],
        queries: Mapping[str, PointSet] | None = None,
        conditions: Float[Tensor, "graphs conditions"] | None = None,
    ) -> tuple[Fields, Fields]:
        """Fields at the anchors of every branch, and at the queries of those that have some."""
        cache = self.encode(geometry, anchors, conditions)
        asked = queries or {}
        return dict(cache.fields), {name: self.query(cache, name, asked[name]) for name in asked}

    def encode(
        self,
        geometry: Geometry,
        anchors: Mapping[str, PointSet],
        conditions: Float[Tensor, "graphs conditions"] | None = None,
    ) -> AnchorCache:
        """Encode some cases: all that queries read, and the fields at the anchors."""
        condition = self._condition(conditions)
        strands = {
            branch.name: self._strand(branch.name, anchors, condition)
            for branch in self.config.branches
        }
        shape = self.geometry(geometry, self.rotary_code)
        blocks = cast(Iterable[AnchorBlock], self.blocks)
        for kind, block in zip(self.config.blocks, blocks, strict=True):
            if kind == "perceiver":
                read = dict.fromkeys(strands, block.keys_and_values(*shape))
            else:
                read = sources(kind, block, strands)
            for name, strand in strands.items():
                strand.advance(block, read[name])
        fields = {name: self._finish(name, strand) for name, strand in strands.items()}
        layers = {name: tuple(strand.layers) for name, strand in strands.items()}
        return AnchorCache(layers=layers, fields=fields, condition=condition)

    def query(
        self, cache: AnchorCache, branch: str, points: PointSet
    ) -> Float[Tensor, "points components"]:
        """Fields at further points of a branch, each by itself; differentiable in positions."""
        network = self._network(branch)
        x = network.embed(points)
        places = self._places(points)
        for block, source in zip(self._all_blocks(network), cache.layers[branch], strict=True):
            x = block(x, places, source, cache.condition)
        return network.head(x)

    def decode(
        self, cache: AnchorCache, branch: str, points: PointSet, chunk: int = 16_384
    ) -> Iterator[Float[Tensor, "piece components"]]:
        """Fields at any number of points, a piece of at most ``chunk`` points at a time.

        The pieces follow the order of the points and none holds points of two cases. Memory grows
        with ``chunk`` only. The points may lie on another device than the model.
        """
        device = self.rotary_code.wave_vectors.device
        case, own = -1, cache
        for number, piece in points.pieces(chunk):
            if number != case:
                case, own = number, cache.of_graph(number, branch)
            with torch.no_grad():
                fields = self.query(own, branch, piece.to(device))
            yield fields

    def _strand(
        self, name: str, anchors: Mapping[str, PointSet], condition: Tensor | None
    ) -> Strand:
        if name not in anchors:
            raise ShapeError(f"branch {name!r} needs anchors; got those of {', '.join(anchors)}")
        points = anchors[name]
        return Strand(self._network(name).embed(points), self._places(points), condition)

    def _finish(self, name: str, strand: Strand) -> Tensor:
        """Pass the blocks of the branch, and predict the fields at its anchors."""
        network = self._network(name)
        for block in cast(Iterable[AnchorBlock], network.blocks):
            strand.advance(block, strand.keys_and_values(block))
        return network.head(strand.tokens)

    def _network(self, name: str) -> BranchNetwork:
        return cast(BranchNetwork, self.branches[self.config.branch(name).name])

    def _all_blocks(self, network: BranchNetwork) -> Iterable[AnchorBlock]:
        return cast(Iterable[AnchorBlock], chain(self.blocks, network.blocks))

    def _places(self, points: PointSet) -> TokenPlaces:
        return TokenPlaces.of(self.rotary_code, points.positions, points.ptr)

    def _condition(self, conditions: Tensor | None) -> Tensor | None:
        if not self.config.conditions:
            return None
        return self.conditions(required("conditions", conditions, self.config.conditions))


def _draw(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        truncated_normal_(module)
