"""Small operators of continuum attention, and cases on grids."""

import pytest
import torch

from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import StaticTask
from graphformers.physics.models.continuum import (
    FourierAttentionNeuralOperator,
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
    ViTNeuralOperator,
    ViTNeuralOperatorConfig,
)

STATIC = StaticTask(node_features=2, fields=3, conditions=2)
SMALL = {"dim": 8, "heads": 2, "layers": 2, "feed_forward": 12}
PATCHES = {"patches": (2, 2), "modes": (2, 2)}
KINDS = {
    "vision": (ViTNeuralOperator, ViTNeuralOperatorConfig, {"smoothing_modes": (2, 2)}),
    "fourier": (FourierAttentionNeuralOperator, FourierAttentionNeuralOperatorConfig, {}),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def patch_model():
    """A patch operator of a kind."""

    def build(kind, task=STATIC, **changes):
        model, config, extra = KINDS[kind]
        torch.manual_seed(0)
        return model(config(task=task, **(SMALL | PATCHES | extra | changes)))

    return build


@pytest.fixture
def transformer():
    """A transformer operator."""

    def build(**changes):
        torch.manual_seed(0)
        return TransformerNeuralOperator(TransformerNeuralOperatorConfig(**(SMALL | changes)))

    return build


@pytest.fixture
def grid_case():
    """A case on a grid of the unit square, one coordinate along its rows."""

    def build(task, rows, columns, seed=0, dtype=torch.float64, x_fastest=True):
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape):
            return torch.randn(*shape, generator=generator, dtype=dtype)

        axes = [torch.linspace(0, 1, points, dtype=dtype) for points in (rows, columns)]
        positions = torch.cartesian_prod(*axes)
        nodes = rows * columns
        return GraphBatch(
            x=draw(nodes, task.columns),
            edge_index=torch.zeros(2, 0, dtype=torch.int64),
            ptr=torch.tensor([0, nodes]),
            positions=positions.flip(1) if x_fastest else positions,
            conditions=draw(1, task.conditions) if task.conditions else None,
            target=draw(nodes, task.fields),
            target_per_node=True,
        )

    return build
