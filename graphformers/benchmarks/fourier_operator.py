"""The baseline of operators on grids, from its equation."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.graph_batch import GraphBatch
from graphformers.layers import SpectralLayer


@final
class FourierNeuralOperator(nn.Module):
    r"""The baseline: spectral layers over the whole grid beside pointwise maps.

    .. math:: x \leftarrow \sigma(S_l x + W_l x + b_l)

    from a pointwise lift of input and position to a pointwise projection, with GELU, the last layer
    without. Reads batches whose cases share one grid with as many points along every axis.

    Source: Li et al. 2021, arXiv:2010.08895.
    """

    def __init__(self, *, space: int, width: int, modes: int, layers: int = 4):
        super().__init__()
        self.space = space
        self.lift = perceptron(1 + space, 2 * width, width)
        self.spectral = nn.ModuleList(
            SpectralLayer(width, width, [modes] * space) for _ in range(layers)
        )
        self.pointwise = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.projection = perceptron(width, 2 * width, 1)

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes 1"]:
        """One field at every grid point."""
        cases = len(batch)
        side = round((batch.num_nodes / cases) ** (1 / self.space))
        positions = batch.x[:, :0] if batch.positions is None else batch.positions
        x = self.lift(torch.cat([batch.x, positions], dim=1))
        x = x.view(cases, *[side] * self.space, -1)
        last = len(self.spectral) - 1
        for number, (spectral, pointwise) in enumerate(
            zip(self.spectral, self.pointwise, strict=True)
        ):
            x = spectral(x) + pointwise(x)
            x = x if number == last else F.gelu(x)
        return self.projection(x.reshape(batch.num_nodes, -1))


def perceptron(dim_in: int, hidden: int, dim_out: int) -> nn.Sequential:
    """Two pointwise maps with GELU between them."""
    return nn.Sequential(nn.Linear(dim_in, hidden), nn.GELU(), nn.Linear(hidden, dim_out))
