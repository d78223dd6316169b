"""The order of an epoch, a function of the seed and the epoch alone."""

from collections.abc import Iterator

import torch
from torch.utils.data import Dataset, Sampler

Input = tuple[int, int]  # seed of the epoch, position among the inputs


class Inputs(Dataset[Input]):
    """Positions to sample around; an item is what the sampler said."""

    def __init__(self, size: int):
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, item: Input) -> Input:
        return item


class EpochOrder(Sampler[Input]):
    """Every position once, with the seed of the epoch.

    The seed travels with the positions, so that a worker needs to know neither the epoch nor which
    worker it is. Every pass is the next epoch, unless ``set_epoch`` says otherwise.
    """

    def __init__(self, size: int, *, shuffle: bool, seed: int):
        self.size = size
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch the next pass follows."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Input]:
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % 2**63)
        self.epoch += 1
        draw = int(torch.randint(2**62, (), generator=generator))
        if self.shuffle:
            order = torch.randperm(self.size, generator=generator)
        else:
            order = torch.arange(self.size)
        for position in order.tolist():
            yield draw, position
