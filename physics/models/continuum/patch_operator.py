"""Operators on regular grids of the plane whose tokens are patches of the grid."""

from abc import ABC, abstractmethod
from typing import TypeVar

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.layers.spectral_layer import SpectralLayer
from graphformers.physics.models.continuum.config import PatchOperatorConfig
from graphformers.physics.models.continuum.grid_cases import grid_cases
from graphformers.physics.models.continuum.patch_attention import PatchAttention
from graphformers.physics.models.continuum.update import OperatorUpdate
from graphformers.physics.models.node_inputs import node_inputs
from graphformers.physics.models.required import required

Config = TypeVar("Config", bound=PatchOperatorConfig)


class PatchOperator(PretrainedModel[Config], ABC):
    r"""Cut the grid into patches, lift, let the patches attend to each other, map to the fields.

    .. math::
        X_P = \mathrm{lift}(u, x)|_P, \quad
        X \leftarrow \mathrm{update}_l(X, \mathrm{attention}_l(X)), \quad
        y = W X + b\ [ + S(W X + b)]

    with a spectral layer :math:`S` over the whole grid where the configuration smooths. The number
    of patches is fixed and their size follows the grid, which may be finer or coarser than that of
    the training data; its sides must be multiples of ``config.patches``.

    Called with a batch, it needs ``x``, ``positions`` and, where the task has some, ``conditions``:
    constant functions. The nodes of a case are the points of a regular grid, row by row;
    ``on_grid`` takes the grids themselves. A static model returns the fields, a transient one the
    state after one step. Nothing passes between cases.

    Weights of the published programs read positions from 0 to 1 at both edges, first along a row,
    then from row to row; those of ``GridData`` stand the other way round.
    """

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        dim, fields = config.dim, config.task.fields
        self.lift = self.lift_layer(config.task.columns + config.task.conditions + config.space)
        self.attentions = nn.ModuleList(
            PatchAttention(
                self.projection_layer(), dim=dim, heads=config.heads, dropout=config.dropout
            )
            for _ in range(config.layers)
        )
        self.updates = nn.ModuleList(
            OperatorUpdate(dim, config.feed_forward, config.dropout) for _ in range(config.layers)
        )
        self.output = nn.Linear(dim, fields)
        self.smoothing = None
        if config.smoothing_modes is not None:
            self.smoothing = self.spectral_layer(fields, fields, config.smoothing_modes)

    @abstractmethod
    def lift_layer(self, dim_in: int) -> nn.Module:
        """From the input functions to the width of the model."""

    @abstractmethod
    def projection_layer(self) -> nn.Module:
        """From the width of the model to queries, keys and values side by side."""

    def spectral_layer(
        self,
        dim_in: int,
        dim_out: int,
        modes: tuple[int, int],
        initial_scale: float | None = None,
    ) -> SpectralLayer:
        """A spectral layer that computes as the configuration says."""
        return SpectralLayer(
            dim_in,
            dim_out,
            modes,
            transform=self.config.transform,
            overwrite_overlap=self.config.overwrite_overlapping_modes,
            initial_scale=initial_scale,
        )

    def on_grid(
        self,
        inputs: Float[Tensor, "cases rows columns inputs"],
        positions: Float[Tensor, "cases rows columns 2"] | None = None,
    ) -> Float[Tensor, "cases rows columns fields"]:
        """Fields from input functions on grids of one shape.

        Without ``positions`` the grid fills the unit square, edges included: x along the columns
        and y along the rows. The output is what the network gives; a transient model's batch adds
        the state.
        """
        patches = self.config.patches
        grid = inputs.shape[1:3]
        if any(side % count for side, count in zip(grid, patches, strict=True)):
            raise ShapeError(
                f"a grid of {tuple(grid)} points cannot be cut into {patches} equal patches"
            )
        if positions is None:
            positions = unit_square(inputs)
        everything = torch.cat([inputs, positions], dim=-1)
        across = {"P": patches[0], "Q": patches[1]}
        x = self.lift(rearrange(everything, "n (P r) (Q c) d -> n (P Q) r c d", **across))
        for attention, update in zip(self.attentions, self.updates, strict=True):
            x = update(x, attention(x))
        fields = rearrange(self.output(x), "n (P Q) r c d -> n (P r) (Q c) d", **across)
        return fields if self.smoothing is None else fields + self.smoothing(fields)

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields (static) or the state after one step (transient) at every node."""
        task = self.config.task
        positions = required("positions", batch.positions, self.config.space)
        inputs = node_inputs(batch, task)
        output = inputs.new_empty(batch.num_nodes, task.fields)
        for nodes in grid_cases(positions, batch.ptr):
            fields = self.on_grid(inputs[nodes], positions[nodes])
            output = output.index_copy(0, nodes.flatten(), fields.flatten(0, 2))
        return task.prediction(batch.x, output)


def unit_square(
    inputs: Float[Tensor, "cases rows columns inputs"],
) -> Float[Tensor, "cases rows columns 2"]:
    """Coordinates x along the columns and y along the rows, both from 0 to 1."""
    cases, rows, columns, _ = inputs.shape
    x = torch.linspace(0, 1, columns, dtype=inputs.dtype, device=inputs.device)
    y = torch.linspace(0, 1, rows, dtype=inputs.dtype, device=inputs.device)
    grid = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], dim=-1)
    return grid.expand(cases, -1, -1, -1)
