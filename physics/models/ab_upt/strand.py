"""The anchors of one branch on their way through the blocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from graphformers.layers.anchor_attention import KeysAndValues, TokenPlaces
from graphformers.layers.anchor_block import AnchorBlock
from graphformers.physics.models.ab_upt.config import BlockKind


@dataclass(eq=False)
class Strand:
    """Tokens of a branch's anchors, and what they have read in every layer so far."""

    tokens: Float[Tensor, "anchors dim"]
    places: TokenPlaces
    condition: Float[Tensor, "graphs dim"] | None
    layers: list[KeysAndValues] = field(default_factory=list)

    def keys_and_values(self, block: AnchorBlock) -> KeysAndValues:
        """What others read of these anchors in a block."""
        return block.keys_and_values(self.tokens, self.places, self.condition)

    def advance(self, block: AnchorBlock, source: KeysAndValues) -> None:
        """Pass a block that reads ``source``."""
        self.tokens = block(self.tokens, self.places, source, self.condition)
        self.layers.append(source)


def sources(
    kind: BlockKind, block: AnchorBlock, strands: Mapping[str, Strand]
) -> dict[str, KeysAndValues]:
    """What the tokens of each branch read in a block that reads anchors."""
    own = {name: strand.keys_and_values(block) for name, strand in strands.items()}
    if kind == "self":
        return own
    if kind == "joint":
        return dict.fromkeys(own, KeysAndValues.together(list(own.values())))
    return {
        name: KeysAndValues.together([one for other, one in own.items() if other != name])
        for name in own
    }
