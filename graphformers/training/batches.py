"""Batches of graphs in an order that depends on the seed and the epoch alone."""

from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from graphformers.graph_batch import GraphBatch, GraphSource


class EpochBatches(Sampler[list[int]]):
    """Lists of graph numbers, shuffled anew every epoch.

    The order is a function of ``seed`` and ``epoch``: a run resumed at epoch 7 sees the batches an
    uninterrupted one would have seen. A last batch of one graph joins the batch before it, because
    batch normalisation cannot train on a single row.
    """

    def __init__(self, num_graphs: int, batch_size: int, *, shuffle: bool, seed: int = 0):
        self.num_graphs = num_graphs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next pass follows."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        if self.shuffle:
            generator = torch.Generator().manual_seed(epoch_seed(self.seed, self.epoch))
            order = torch.randperm(self.num_graphs, generator=generator).tolist()
        else:
            order = list(range(self.num_graphs))
        starts = range(0, self.num_graphs, self.batch_size)[: len(self)]
        for number, start in enumerate(starts):
            last = number == len(self) - 1
            yield order[start:] if last else order[start : start + self.batch_size]

    def __len__(self) -> int:
        full, rest = divmod(self.num_graphs, self.batch_size)
        joins = self.shuffle and rest == 1 and full > 0 and self.batch_size > 1
        return full + (rest > 0) - joins


class _Batches(Dataset[GraphBatch]):
    """Looks a whole batch up at once; the sampler's items are lists of graph numbers."""

    def __init__(self, source: GraphSource):
        self.source = source

    def __getitem__(self, graphs: list[int]) -> GraphBatch:
        return self.source.select(graphs)

    def __len__(self) -> int:
        return len(self.source)


def batch_loader(
    source: GraphSource, batch_size: int, *, shuffle: bool = False, seed: int = 0
) -> DataLoader[GraphBatch]:
    """A torch loader of ``GraphBatch``; each is taken out of the source in one piece."""
    sampler = EpochBatches(len(source), batch_size, shuffle=shuffle, seed=seed)
    return DataLoader(_Batches(source), sampler=sampler, batch_size=None)


def epoch_seed(seed: int, epoch: int) -> int:
    """First of the seeds of one epoch of one run; its steps take the following ones."""
    return (seed * 1_000_003 + epoch) * 1_000_003 % 2**62
