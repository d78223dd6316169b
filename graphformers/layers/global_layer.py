"""What every layer that lets all nodes of a graph see each other has in common."""

from abc import ABC, abstractmethod
from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.ragged_rows import RaggedRows

GraphLayout: TypeAlias = SparsePattern | PaddedRows | RaggedRows


class GlobalLayer(nn.Module, ABC):
    """Attention between the nodes of each graph; the residual is outside."""

    @abstractmethod
    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        graphs: GraphLayout,
        bias: Float[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "nodes dim"]:
        """New node features.

        ``graphs`` says which nodes see each other and in what layout; each layer names those it
        takes. ``bias`` is added to the logits, by the layers that have logits.
        """
