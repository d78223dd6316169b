"""The Transolver of NVIDIA PhysicsNeMo, reading our batches."""

from dataclasses import replace
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.checkpoint import PretrainedModel
from graphformers.graph_batch import GraphBatch
from graphformers.physics.field_system import find_field_system
from graphformers.physics.models import TransolverConfig
from graphformers.physics.models.node_inputs import located_inputs


@final
class PhysicsNeMoTransolver(PretrainedModel[TransolverConfig]):
    """The sizes of our ``TransolverConfig``, everything else as the package has it.

    Positions are its embedding; features and conditions its input. Cases pass through it one by
    one, because it has no mask for cases of different size.

    Source: package nvidia-physicsnemo (``pip install nvidia-physicsnemo``), class ``Transolver``
    without Transformer Engine.
    """

    config_class = TransolverConfig

    def __init__(self, config: TransolverConfig):
        super().__init__()
        from physicsnemo.models.transolver import (  # pyright: ignore[reportMissingImports]
            Transolver,
        )

        self.config = config
        self.model = Transolver(
            functional_dim=config.task.columns + config.task.conditions,
            embedding_dim=config.space,
            out_dim=config.task.fields,
            n_layers=config.blocks,
            n_hidden=config.dim,
            n_head=config.heads,
            mlp_ratio=config.feed_forward,
            slice_num=config.slices,
            use_te=False,
        )

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields at every node."""
        config = self.config
        inputs = located_inputs(batch, config.task, config.space)
        cases = inputs.split(batch.ptr.diff().tolist())
        return torch.cat([self._of_one_case(case) for case in cases])

    def _of_one_case(self, inputs: Tensor) -> Float[Tensor, "nodes fields"]:
        positions, functions = inputs[None].tensor_split([self.config.space], dim=-1)
        return self.model(functions, embedding=positions)[0]


PHYSICSNEMO_TRANSOLVER = replace(
    find_field_system("transolver"),
    name="physicsnemo transolver",
    model=PhysicsNeMoTransolver,
    source="NVIDIA PhysicsNeMo",
)
"""Our small Transolver's sizes and share of points."""
