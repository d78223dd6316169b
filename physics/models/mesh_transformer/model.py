"""The model: encode nodes, let them attend along the mesh, decode."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.mlp import MLP
from graphformers.layers.rotary_code import RotaryCode, Rotation
from graphformers.physics.models.mesh_transformer.adjacency import GlobalTokens, adjacency
from graphformers.physics.models.mesh_transformer.block import MeshTransformerBlock
from graphformers.physics.models.mesh_transformer.config import MeshTransformerConfig
from graphformers.physics.models.mesh_transformer.rms_norm import RMSNorm
from graphformers.physics.models.mesh_transformer.temporal import TemporalAttention
from graphformers.physics.models.node_inputs import located_inputs
from graphformers.physics.models.required import required


@final
class MeshTransformer(PretrainedModel[MeshTransformerConfig]):
    r"""Transformer whose attention mask is the adjacency of the mesh.

    .. math:: x = \mathrm{RMSNorm}\bigl(\phi([p, u, c])\bigr), \qquad
              x \leftarrow \mathrm{block}_b(x;\ \text{mask}), \qquad y = \psi(x)

    with positions :math:`p`, what is known at the nodes :math:`u` and the conditions :math:`c`. A
    batch needs ``positions``, floating-point ``x`` and, where the task has conditions,
    ``conditions``. Cases may differ in size; nothing passes between them. Every mesh edge stands
    once in ``edge_index``, in any direction. A static model returns the fields, a transient one
    the state after one step. Cost is linear in nodes and in what they see.

    Source: Garnier et al. 2025, arXiv:2508.18051, whose program gives the softmax over neighbours;
    the formula in its text runs over all nodes. Ours always reads positions and has tokens of its
    own as the global nodes of the text, which the program does not have.
    """

    config_class = MeshTransformerConfig

    def __init__(self, config: MeshTransformerConfig):
        super().__init__()
        self.config = config
        dim, task, hidden = config.dim, config.task, [config.dim] * (config.layers - 1)
        columns = config.space + task.columns + task.conditions
        self.encoder = nn.Sequential(MLP([columns, *hidden, dim], config.activation), RMSNorm(dim))
        self.tokens = GlobalTokens(config.global_tokens, dim) if config.global_tokens else None
        self.rotary = None if config.rotary_base is None else _rotary(config, config.rotary_base)
        self.blocks = nn.ModuleList(MeshTransformerBlock(config) for _ in range(config.blocks))
        self.temporal = TemporalAttention(config) if config.temporal else None
        self.decoder = MLP([dim, *hidden, task.fields], config.activation)

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields (static) or the state after one step (transient) at every node."""
        config = self.config
        inputs = located_inputs(batch, config.task, config.space)
        x, mask = self.encoder(inputs), adjacency(batch, config)
        if self.tokens is not None:
            x, mask = self.tokens.append(x, batch.num_graphs), self.tokens.join(mask, batch)
        x = self._mixed(x, mask, self._rotation(batch, x.shape[0]))
        return config.task.prediction(batch.x, self.decoder(x[: batch.num_nodes]))

    def _mixed(self, x: Tensor, mask: SparsePattern, rotation: Rotation | None) -> Tensor:
        before = x
        for block in self.blocks:
            before, x = x, block(x, mask, rotation)
        return x if self.temporal is None else self.temporal(before, x, mask)

    def _rotation(self, batch: GraphBatch, rows: int) -> Rotation | None:
        """By how much every row turns; the global tokens stand at the origin."""
        if self.rotary is None:
            return None
        positions = required("positions", batch.positions, self.config.space)
        at_origin = positions.new_zeros(rows - positions.shape[0], positions.shape[1])
        return self.rotary(torch.cat([positions, at_origin]))


def _rotary(config: MeshTransformerConfig, base: float) -> RotaryCode:
    """The same waves along every axis; what they leave over of a head does not turn."""
    exponents = torch.arange(config.waves, dtype=torch.float64) / config.waves
    return RotaryCode.along_axes([base**-exponents] * config.space, pairs=config.head_dim // 2)
