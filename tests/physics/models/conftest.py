"""Random cases any model of fields can read, and models that are called with tensors."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from graphformers.errors import ModelFileError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import TransientTask

FieldCase = Callable[..., GraphBatch]


@pytest.fixture
def field_case() -> FieldCase:
    """One case of a configuration's task, with its last node on no edge."""

    def build(config, num_nodes=9, num_edges=20, seed=0, dtype=torch.float32):
        generator = torch.Generator().manual_seed(seed)
        task = config.task

        def draw(*shape):
            return torch.randn(*shape, generator=generator, dtype=dtype)

        ends = torch.randint(0, max(num_nodes - 1, 1), (2, num_edges), generator=generator)
        ends = ends[:, ends[0] != ends[1]].unique(dim=1)
        ends = ends[:, ends[0] > ends[1]]
        x = draw(num_nodes, task.columns)
        if isinstance(task, TransientTask):
            kinds = torch.randint(0, task.node_types, (num_nodes,), generator=generator)
            one_hot = torch.nn.functional.one_hot(kinds, task.node_types)
            x = torch.cat([x[:, : task.fields], one_hot.to(dtype)], dim=-1)
        return GraphBatch(
            x=x,
            edge_index=ends,
            ptr=torch.tensor([0, num_nodes]),
            positions=draw(num_nodes, config.space),
            conditions=draw(1, task.conditions) if task.conditions else None,
            target=draw(num_nodes, task.fields),
            target_per_node=True,
        )

    return build


@pytest.fixture
def field_cases(field_case) -> Callable[..., list[GraphBatch]]:
    """Several cases of different size, one of them a single node, one without edges."""

    def build(config, dtype=torch.float32, sizes=((7, 24), (1, 1), (11, 50), (4, 0))):
        return [
            field_case(config, nodes, edges, seed, dtype)
            for seed, (nodes, edges) in enumerate(sizes)
        ]

    return build


@pytest.fixture
def error_by_heart() -> Callable[..., float]:
    """Mean squared error of a model on a batch it may see up to 400 times, or once it is small."""

    def learn(model, batch, enough):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(400):
            loss = (model(batch) - batch.target).square().mean()
            if loss < enough:
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss.item()

    return learn


@pytest.fixture
def refusal_of() -> Callable[..., str]:
    """What a model says about published weights that do not fit its configuration."""

    def told(kind, weights, config):
        with pytest.raises(ModelFileError) as raised:
            kind.from_official(weights, config)
        return str(raised.value)

    return told


class OnTensors(nn.Module):
    """A model called with tensors, as torch's exporter wants it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x, edge_index, ptr, positions, conditions):
        batch = GraphBatch(
            x=x, edge_index=edge_index, ptr=ptr, positions=positions, conditions=conditions
        )
        return self.model(batch)


@pytest.fixture
def on_tensors() -> type[OnTensors]:
    """Wraps a model."""
    return OnTensors


@pytest.fixture
def tensors() -> Callable[[GraphBatch], tuple[torch.Tensor | None, ...]]:
    """What a wrapped model is called with, of a batch."""
    return lambda one: (one.x, one.edge_index, one.ptr, one.positions, one.conditions)
