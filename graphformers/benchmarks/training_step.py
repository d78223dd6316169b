"""One training step of a graph model as a job to be measured."""

from dataclasses import replace

from torch import nn
from torch.optim import AdamW

from graphformers.benchmarks.workload import Contender
from graphformers.graph_batch import GraphBatch


def training_step(model: nn.Module, batch: GraphBatch) -> Contender:
    """Forward, backward and AdamW in one call per group of parameters, as ``training`` has it.

    Every step forgets what was worked out about the batch in the one before.
    """
    optimizer = AdamW(model.parameters(), fused=True)

    def run() -> None:
        optimizer.zero_grad()
        model(replace(batch)).square().mean().backward()
        optimizer.step()

    return run
