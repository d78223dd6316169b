"""What queries read: the anchors' keys and values of every layer."""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from graphformers.layers.anchor_attention import KeysAndValues


@dataclass(frozen=True, eq=False, kw_only=True)
class AnchorCache:
    """Some cases encoded once, for any number of queries.

    ``layers`` holds for every branch what its tokens read in each layer they pass, ``fields`` what
    is predicted at its anchors, ``condition`` the encoded conditions of each case.
    """

    layers: Mapping[str, tuple[KeysAndValues, ...]]
    fields: Mapping[str, Float[Tensor, "_ _"]]
    condition: Float[Tensor, "graphs dim"] | None

    def of_graph(self, graph: int, branch: str) -> "AnchorCache":
        """What queries of one case and one branch read."""
        layers = tuple(layer.of_graph(graph) for layer in self.layers[branch])
        condition = None if self.condition is None else self.condition[graph : graph + 1]
        return AnchorCache(layers={branch: layers}, fields={}, condition=condition)
