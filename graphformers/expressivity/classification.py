"""Training a model to name the class of a graph, judged on graphs it has not seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional as F

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ConfigError
from graphformers.expressivity.contenders import Builder, Sizes
from graphformers.expressivity.embedding import built, embed, encoded
from graphformers.expressivity.graph_set import GraphSet
from graphformers.graph_batch import GraphBatch


@dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of the classifiers: float32, Adam, learning rate falling to zero on a cosine."""

    epochs: int = 100
    folds: int = 5
    batch: int = 32
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.folds < 2 or self.batch < 2:
            raise ConfigError(
                "epochs must be positive, folds and batch at least 2; "
                f"got epochs {self.epochs}, folds {self.folds}, batch {self.batch}"
            )


def cross_validated_accuracy(graph_set: GraphSet, builder: Builder, training: Training) -> float:
    """Share of graphs whose class is right when their fold is left out of training.

    The graphs of a pair stay in one fold; without pairs every fold has its share of every class.
    """
    sizes = Sizes(graph_set.node_types, len(set(graph_set.labels)))
    labels = torch.tensor(graph_set.labels)
    graphs = encoded(
        graph_set.graphs, built(builder, sizes, training.seed, torch.float32), torch.float32
    )
    accuracies = []
    for held_out in folds(graph_set, training):
        model = built(builder, sizes, training.seed, torch.float32)
        others = torch.ones(len(graphs), dtype=torch.bool)
        others[held_out] = False
        _train(model, graphs, labels, others.nonzero().squeeze(1), training)
        predicted = embed(model, graphs.select(held_out)).argmax(dim=1)
        accuracies.append(float((predicted == labels[held_out]).float().mean()))
    return fmean(accuracies)


def folds(graph_set: GraphSet, training: Training) -> Iterator[Int[Tensor, " held_out"]]:
    """The graphs left out, fold by fold; every graph is left out once."""
    generator = torch.Generator().manual_seed(training.seed)
    if len(graph_set.pairs):
        groups = [graph_set.pairs[torch.randperm(len(graph_set.pairs), generator=generator)]]
    else:
        labels = torch.tensor(graph_set.labels)
        groups = [(labels == one).nonzero() for one in labels.unique()]
    for fold in range(training.folds):
        yield torch.cat([group[fold :: training.folds].reshape(-1) for group in groups])


def _train(
    model: PretrainedModel,
    graphs: GraphBatch,
    labels: Int[Tensor, " graphs"],
    chosen: Int[Tensor, " chosen"],
    training: Training,
) -> None:
    generator = torch.Generator().manual_seed(training.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=training.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, training.epochs)
    for _ in range(training.epochs):
        model.train()
        order = chosen[torch.randperm(len(chosen), generator=generator)]
        for batch in order.split(training.batch):
            loss = F.cross_entropy(model(graphs.select(batch)), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
