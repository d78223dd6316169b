"""What belongs to one branch: its embedding, its own blocks, its head."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ShapeError
from graphformers.layers.anchor_block import AnchorBlock
from graphformers.layers.mlp import MLP
from graphformers.layers.sine_position_code import SinePositionCode
from graphformers.physics.models.ab_upt.config import ABUPTConfig, Branch
from graphformers.physics.models.ab_upt.points import PointSet
from graphformers.physics.models.required import required


@final
class BranchNetwork(nn.Module):
    r"""Tokens of points, and fields of tokens.

    .. math:: t = \mathrm{MLP}\bigl(F(x) + W_f f\bigr), \qquad y = W_h t + b_h

    with the code :math:`F` of ``SinePositionCode`` and the features :math:`f`, if there are any.
    """

    def __init__(self, branch: Branch, config: ABUPTConfig):
        super().__init__()
        dim = config.dim
        self.branch, self.space = branch, config.space
        self.position_code = SinePositionCode(config.space, dim)
        if branch.features:
            self.features = nn.Linear(branch.features, dim, bias=False)
        self.embedding = MLP([dim, dim, dim], "gelu")
        self.blocks = nn.ModuleList(
            AnchorBlock(
                dim,
                heads=config.heads,
                feed_forward=config.feed_forward,
                conditioned=config.conditions > 0,
            )
            for _ in range(branch.blocks)
        )
        self.head = nn.Linear(dim, sum(branch.fields.values()))

    def embed(self, points: PointSet) -> Float[Tensor, "points dim"]:
        """Tokens before the first block."""
        positions = required("positions", points.positions, self.space)
        code = self.position_code(positions).to(self.head.weight.dtype)
        if self.branch.features:
            known = required("features", points.features, self.branch.features)
            code = code + self.features(known)
        elif points.features is not None:
            raise ShapeError(f"points of branch {self.branch.name!r} have no features")
        return self.embedding(code)
