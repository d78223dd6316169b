"""A tiny model on graphs, enough to exercise the training loop."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_reduce


class MeanOfNodes(nn.Module):
    """A linear layer with dropout on the mean of every graph's nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(3, 16)
        self.dropout = nn.Dropout(0.2)
        self.out = nn.Linear(16, 1)

    def forward(self, batch: GraphBatch) -> Tensor:
        pooled = segment_reduce(batch.x, batch.ptr, "mean")
        return self.out(self.dropout(torch.tanh(self.hidden(pooled))))


@pytest.fixture
def make_model() -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        torch.manual_seed(11)
        return MeanOfNodes()

    return build


@pytest.fixture
def graphs() -> GraphBatch:
    """Thirty graphs of one to five nodes whose target is the sum of their mean features."""
    generator = torch.Generator().manual_seed(3)
    sizes = torch.randint(1, 6, (30,), generator=generator)
    ptr = torch.cat([torch.zeros(1, dtype=torch.int64), sizes.cumsum(0)])
    x = torch.randn(int(ptr[-1]), 3, generator=generator)
    means = segment_reduce(x, ptr, "mean")
    return GraphBatch(
        x=x,
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        ptr=ptr,
        target=means.sum(1, keepdim=True),
    )
