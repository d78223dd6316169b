"""The model: encode nodes and edges, pass messages, decode."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.both_directions import both_directions
from graphformers.layers.mlp import MLP
from graphformers.layers.position_code import FourierPositionCode
from graphformers.physics.models.mesh_graph_net.config import MeshGraphNetConfig
from graphformers.physics.models.mesh_graph_net.step import MeshGraphNetStep
from graphformers.physics.models.node_inputs import node_inputs
from graphformers.physics.models.required import required


class MeshGraphNet(PretrainedModel[MeshGraphNetConfig]):
    r"""Message passing on the mesh, for fields and for steps in time.

    .. math::
        v_i = f_v(x_i), \quad e_{ji} = f_e\bigl([p_i - p_j,\ \|p_i - p_j\|]\bigr), \quad
        (v, e) \leftarrow \mathrm{step}_k(v, e), \quad y_i = g(v_i)

    A batch needs ``positions``, floating-point ``x`` and, where the task has conditions,
    ``conditions``. Cases may differ in size; nothing passes between them. Every mesh edge stands
    once in ``edge_index``, in any direction; messages run both ways. A static model returns the
    fields, a transient one the state after one step. Cost is linear in nodes and edges.

    Source: Pfaff et al. 2021, arXiv:2010.03409. Ours reads the conditions of a case at all its
    nodes, and has no edges between parts that touch. The published program adds up messages before
    they are added to the edges; ours follows the text, after.
    """

    config_class = MeshGraphNetConfig

    def __init__(self, config: MeshGraphNetConfig):
        super().__init__()
        self.config = config
        dim, task = config.dim, config.task
        self.position_code = FourierPositionCode(config.space, config.octaves)
        code = self.position_code.dim if config.octaves else 0
        columns = task.columns + task.conditions + code
        widths = [*config.hidden, dim]
        self.node_encoder = nn.Sequential(
            MLP([columns, *widths], config.activation), nn.LayerNorm(dim)
        )
        self.edge_encoder = nn.Sequential(
            MLP([config.space + 1, *widths], config.activation), nn.LayerNorm(dim)
        )
        self.steps = nn.ModuleList(MeshGraphNetStep(config) for _ in range(config.steps))
        self.decoder = MLP([dim, *config.hidden, task.fields], config.activation)

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields (static) or the state after one step (transient) at every node."""
        positions = required("positions", batch.positions, self.config.space)
        inputs = node_inputs(batch, self.config.task)
        if self.config.octaves:
            inputs = torch.cat([inputs, self.position_code(positions).to(inputs.dtype)], dim=-1)
        pattern = both_directions(batch.edges)
        nodes = self.node_encoder(inputs)
        edges = self.edge_encoder(_edge_features(positions, pattern).to(inputs.dtype))
        for step in self.steps:
            nodes, edges = step(nodes, edges, pattern)
        return self.config.task.prediction(batch.x, self.decoder(nodes))


def _edge_features(
    positions: Float[Tensor, "nodes space"], pattern: SparsePattern
) -> Float[Tensor, "edges space_and_length"]:
    """Way from the source to the target of every edge, and its length."""
    source, target = pattern.edge_index
    way = positions.index_select(0, target) - positions.index_select(0, source)
    return torch.cat([way, torch.linalg.vector_norm(way, dim=-1, keepdim=True)], dim=-1)
