"""The model: embed the points, run the blocks, decode."""

import itertools
import math
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.layers.mlp import MLP
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.truncated_normal import truncated_normal_
from graphformers.models.official_weights import Checkpoint
from graphformers.physics.models.node_inputs import located_inputs
from graphformers.physics.models.transolver.block import TransolverBlock
from graphformers.physics.models.transolver.config import TransolverConfig
from graphformers.physics.models.transolver.official import from_official_layout


@final
class Transolver(PretrainedModel[TransolverConfig]):
    r"""Attention among learned slices of the points of a case.

    .. math:: x = \phi([p, u, c]) + t, \qquad x \leftarrow \mathrm{block}_b(x), \qquad
              y = W\,\mathrm{LN}(x)

    with positions :math:`p`, what is known at the points :math:`u` and the conditions :math:`c`.
    A batch needs ``positions``, floating-point ``x`` and, where the task has conditions,
    ``conditions``; its edges are not read. Cases may differ in size; nothing passes between them.
    A static model returns the fields, a transient one the state after one step. Cost is linear in
    the points.

    Source: Wu et al. 2024, arXiv:2402.02366. The published models have no conditions and predict
    states, not steps.
    """

    config_class = TransolverConfig

    def __init__(self, config: TransolverConfig):
        super().__init__()
        self.config = config
        dim, task, space = config.dim, config.task, config.space
        columns = space + task.columns + task.conditions + config.reference_points**space
        self.register_buffer("reference", _reference_points(config), persistent=False)
        self.encoder = MLP([columns, 2 * dim, dim], "gelu")
        self.token = nn.Parameter(torch.rand(dim) / dim)
        self.blocks = nn.ModuleList(TransolverBlock(config) for _ in range(config.blocks))
        self.decoder = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, task.fields))
        self.apply(_draw)

    @classmethod
    def from_official(cls, state_dict: Checkpoint, config: TransolverConfig) -> "Transolver":
        """The model with weights as the authors' program or NVIDIA PhysicsNeMo has them.

        In evaluation mode. Those of PhysicsNeMo are of a model without Transformer Engine, and need
        its ``epsilon`` and ``temperature_range``, as in ``TransolverConfig.drivaerml_surface()``.
        Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
        """
        model = cls(config)
        model.load_state_dict(from_official_layout(state_dict, config, model))
        return model.eval()

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields (static) or the state after one step (transient) at every node."""
        config = self.config
        inputs = located_inputs(batch, config.task, config.space)
        self._check_grid(batch)
        if config.reference_points:
            inputs = torch.cat([inputs, self._distances(inputs[:, : config.space])], dim=-1)
        rows = PaddedRows(batch.ptr, batch.num_nodes)
        x = self.encoder(inputs) + self.token
        for block in self.blocks:
            x = block(x, rows)
        return config.task.prediction(batch.x, self.decoder(x))

    def _distances(self, positions: Tensor) -> Float[Tensor, "nodes references"]:
        reference = self.get_buffer("reference").to(positions)
        exact = "donot_use_mm_for_euclid_dist"
        return torch.cdist(positions, reference, compute_mode=exact)

    def _check_grid(self, batch: GraphBatch) -> None:
        grid = self.config.grid
        if grid is None or torch.compiler.is_compiling():
            return
        if bool((batch.ptr.diff() != math.prod(grid)).any()):
            sizes = batch.ptr.diff()[:8].tolist()
            raise ShapeError(f"every case must be a grid of {grid}; got cases of {sizes} points")


def _reference_points(config: TransolverConfig) -> Float[Tensor, "references space"]:
    """A regular grid in the reference box, the last axis fastest; no point without a box."""
    axes = [
        torch.linspace(low, high, config.reference_points).tolist()
        for low, high in config.reference_box or ()
    ]
    return torch.tensor(list(itertools.product(*axes)) if axes else []).view(-1, config.space)


def _draw(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        truncated_normal_(module)
