"""The model: encode nodes and edges, run the blocks, decode."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.layers.mlp import MLP
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.position_code import FourierPositionCode
from graphformers.models.official_weights import Checkpoint
from graphformers.physics.models.physgto.block import PhysGTOBlock
from graphformers.physics.models.physgto.config import PhysGTOConfig
from graphformers.physics.models.physgto.official import from_official_layout
from graphformers.physics.models.physgto.static import (
    FieldDecoder,
    StaticEncoder,
    TwoStepDecoder,
    with_condition,
)
from graphformers.physics.models.physgto.transient import IncrementDecoder, TransientEncoder
from graphformers.physics.models.required import required
from graphformers.physics.models.task import TransientTask


class PhysGTO(PretrainedModel[PhysGTOConfig]):
    r"""Graph-transformer operator for fields on unstructured meshes.

    .. math::
        V, c = \mathrm{encode}(x), \quad E = \phi_e([x_r - x_s,\ x_s - x_r,\ \|x_r - x_s\|]), \quad
        (V, E) \leftarrow \mathrm{block}_b(V, E, [F(x), c]), \quad y = \mathrm{decode}([V, c])

    A batch needs ``positions``, floating-point ``x`` and, where the task has conditions,
    ``conditions``. Cases may differ in size; nothing passes between them. Every mesh edge stands
    once in ``edge_index``, from its larger to its smaller node number as in the published data:
    its ends play different roles. A static model returns the fields, a transient one the state
    after one step. Cost is linear in nodes and edges.

    With ``conditioning="added"`` every block starts with :math:`V \leftarrow V + c` and reads the
    position code alone beside the nodes.

    Source: Liu et al. 2025, arXiv:2512.10227. The published programs hold a model for each task
    under one name; this is those for Darcy, heat flow and Ahmed bodies. Ours adds optional
    conditions to the one for Darcy. The one for heat flow pads the cases of a batch with nodes that
    its attention reads, so that a case gets other numbers in company than alone; ours does not.
    """

    config_class = PhysGTOConfig

    def __init__(self, config: PhysGTOConfig):
        super().__init__()
        self.config = config
        self.position_code = FourierPositionCode(config.space, config.octaves)
        self.encoder = _encoder(config)
        self.added = config.conditioning == "added"
        both_ways = 2 if config.edge_direction == "single" else 1
        edge_features = both_ways * config.space + 1
        self.edge_encoder = MLP([edge_features, config.hidden, config.dim], "silu")
        joined = 0 if self.added else self.encoder.context_dim
        context_dim = self.position_code.dim + joined
        self.blocks = nn.ModuleList(PhysGTOBlock(config, context_dim) for _ in range(config.blocks))
        self.decoder = _decoder(config, self.encoder.context_dim)
        if config.xavier:
            self.apply(_draw_xavier)

    @classmethod
    def from_official(cls, state_dict: Checkpoint, config: PhysGTOConfig) -> "PhysGTO":
        """The model with weights in the layout of the published programs, in evaluation mode.

        Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
        """
        model = cls(config)
        weights = from_official_layout(state_dict, config, model)
        model.load_state_dict(weights)
        return model.eval()

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields (static) or the state after one step (transient) at every node."""
        return self.config.task.prediction(batch.x, self._decoded(batch))

    def drag(self, batch: GraphBatch) -> Float[Tensor, "graphs fields"]:
        """A learned multiple of the sum of each field over every case, with ``drag=True`` only."""
        if not isinstance(self.decoder, TwoStepDecoder):
            raise ConfigError("this model has no head for drag: set conditioning='added'")
        return self.decoder.drag(self(batch), batch.ptr)

    def _decoded(self, batch: GraphBatch) -> Tensor:
        positions = required("positions", batch.positions, self.config.space)
        nodes, condition = self.encoder(batch)
        vectors = self._edge_vectors(positions, batch.edge_index)
        edges = self.edge_encoder(vectors.to(nodes.dtype))
        context = self.position_code(positions).to(nodes.dtype)
        if not self.added:
            context = torch.cat([context, condition], dim=-1)
        rows = PaddedRows(batch.ptr, batch.num_nodes)
        for block in self.blocks:
            nodes = with_condition(nodes, condition) if self.added else nodes
            nodes, edges = block(nodes, edges, context, batch.edges, rows)
        return self.decoder(nodes, condition)

    def _edge_vectors(self, positions: Tensor, edge_index: Tensor) -> Tensor:
        start, end = positions[edge_index]
        vector = end - start
        length = torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
        if self.config.edge_direction == "both":
            return torch.cat([vector, length], dim=-1)
        return torch.cat([vector, -vector, length], dim=-1)


def _encoder(config: PhysGTOConfig) -> StaticEncoder | TransientEncoder:
    if isinstance(config.task, TransientTask):
        return TransientEncoder(config, config.task)
    return StaticEncoder(config, config.task)


def _decoder(
    config: PhysGTOConfig, condition_dim: int
) -> FieldDecoder | TwoStepDecoder | IncrementDecoder:
    fields, dim = config.task.fields, config.dim
    if isinstance(config.task, TransientTask):
        return IncrementDecoder(dim + condition_dim, dim, fields)
    if config.conditioning == "added":
        return TwoStepDecoder(dim, fields, config.drag)
    return FieldDecoder(dim + condition_dim, dim, fields)


def _draw_xavier(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.constant_(module.bias, 0.01)
    elif isinstance(module, nn.MultiheadAttention):
        nn.init.xavier_uniform_(module.in_proj_weight)
        nn.init.constant_(module.in_proj_bias, 0.01)
