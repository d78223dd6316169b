"""The Fourier neural operator of the neuraloperator package, reading our batches."""

from typing import final

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.graph_batch import GraphBatch


@final
class NeuralOperatorFNO(nn.Module):
    """Four layers with the package's own settings: a channel mixer after each, its own positions.

    It keeps ``modes`` frequencies of each sign along every axis, as our ``FourierNeuralOperator``
    does. Reads batches whose cases share one grid with as many points along every axis.

    Source: package neuraloperator (``pip install neuraloperator``), class ``FNO``.
    """

    def __init__(self, *, space: int, width: int, modes: int):
        super().__init__()
        from neuralop.models import FNO  # pyright: ignore[reportMissingImports]

        self.space = space
        self.model = FNO(
            n_modes=(2 * modes,) * (space - 1) + (2 * modes - 1,),  # half of the last is conjugate
            in_channels=1,
            out_channels=1,
            hidden_channels=width,
        )

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes 1"]:
        """One field at every grid point."""
        cases = len(batch)
        side = round((batch.num_nodes / cases) ** (1 / self.space))
        grids = batch.x.view(cases, *[side] * self.space, 1)
        return rearrange(self.model(grids.movedim(-1, 1)), "cases field ... -> (cases ...) field")
