"""A Volt that predicts fields at the points of a mesh."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.checkpoint import PretrainedModel
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import (
    Voxels,
    group_voxels,
    segment_broadcast,
    segment_reduce,
    voxel_cells,
)
from graphformers.layers.mlp import MLP
from graphformers.layers.precision import at_least_float32
from graphformers.physics.models.node_inputs import located_inputs
from graphformers.physics.models.required import required
from graphformers.physics.models.volt.config import VoltFieldConfig
from graphformers.physics.models.volt.model import Volt


class VoltField(PretrainedModel[VoltFieldConfig]):
    r"""Fields at points from the features of the voxels they lie in.

    .. math::
        a_i = [x_i,\ u_i,\ c,\ x_i / h - \lfloor x_i / h \rfloor - 1/2], \qquad
        y_i = \mathrm{MLP}\bigl([\mathrm{Volt}(\bar a)_{v(i)},\ a_i]\bigr)

    with positions :math:`x`, node features :math:`u`, the conditions :math:`c` of the case, the
    edge :math:`h` of a voxel and the mean :math:`\bar a` over the points of each voxel. The points
    of one voxel differ by what they know themselves. A mesh in the plane has flat voxels and flat
    patches, without weights for places that would stay empty. Edges are not used.

    Volt: Yilmaz et al. 2026, arXiv:2604.19609; the way from points to voxels and back is ours.
    """

    config_class = VoltFieldConfig

    def __init__(self, config: VoltFieldConfig):
        super().__init__()
        self.config = config
        self.backbone = Volt(config.backbone)
        width = config.decoder_dim
        self.head = MLP([width + config.point_features, width, config.task.fields], "gelu")

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields (static) or the state after one step (transient) at every node."""
        config = self.config
        positions = required("positions", batch.positions, config.space)
        inputs = located_inputs(batch, config.task, config.space)
        positions = positions.to(at_least_float32(positions))
        cells = voxel_cells(positions, config.voxel)
        inside = (positions / config.voxel - cells - 0.5).to(inputs.dtype)
        points = torch.cat([inputs, inside], dim=-1)
        voxels = group_voxels(cells, batch.ptr)
        features = segment_reduce(points, voxels.row_ptr, "mean", voxels.order)
        around = self.backbone(voxels.cell, features, _voxel_ptr(voxels, len(batch)))
        around = segment_broadcast(around, voxels.row_ptr, voxels.order, items=batch.num_nodes)
        return config.task.prediction(batch.x, self.head(torch.cat([around, points], dim=-1)))


def _voxel_ptr(voxels: Voxels, graphs: int) -> Int[Tensor, " graphs_plus_1"]:
    """First voxel of every graph, and the number of voxels."""
    return torch.searchsorted(voxels.graph, torch.arange(graphs + 1, device=voxels.graph.device))
