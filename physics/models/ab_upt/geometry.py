"""From the points of a geometry to tokens."""

from collections.abc import Iterable
from typing import cast, final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import MaxNeighbors
from graphformers.layers.anchor_attention import TokenPlaces
from graphformers.layers.anchor_block import AnchorBlock
from graphformers.layers.rotary_code import RotaryCode
from graphformers.layers.supernode_pooling import SupernodePooling
from graphformers.physics.models.ab_upt.config import ABUPTConfig
from graphformers.physics.models.ab_upt.points import Geometry
from graphformers.physics.models.required import required


@final
class GeometryEncoder(nn.Module):
    """Pool the points around every supernode, then let the supernodes attend to each other."""

    def __init__(self, config: ABUPTConfig):
        super().__init__()
        self.space = config.space
        self.pooling = SupernodePooling(
            config.space,
            config.dim,
            radius=config.radius,
            max_neighbors=MaxNeighbors(config.max_neighbors, config.neighbor_choice),
        )
        self.blocks = nn.ModuleList(
            AnchorBlock(config.dim, heads=config.heads, feed_forward=config.feed_forward)
            for _ in range(config.geometry_blocks)
        )

    def forward(
        self, geometry: Geometry, code: RotaryCode
    ) -> tuple[Float[Tensor, "supernodes dim"], TokenPlaces]:
        """Tokens of the supernodes, and where they lie."""
        positions = required("positions of the geometry", geometry.positions, self.space)
        supernodes = geometry.supernodes
        ptr = None if geometry.ptr.shape[0] == 2 else geometry.ptr
        tokens = self.pooling(positions, supernodes, ptr)
        centres = positions.index_select(0, supernodes)
        places = TokenPlaces.of(code, centres, geometry.supernode_ptr)
        for block in cast(Iterable[AnchorBlock], self.blocks):
            tokens = block(tokens, places, block.keys_and_values(tokens, places))
        return tokens, places
