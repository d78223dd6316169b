"""Consecutive graphs, as many as memory should hold, worked on side by side."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch
from jaxtyping import Int
from torch import Tensor

Result = TypeVar("Result")

NODES_AT_A_TIME = 1 << 14  # bounds the working memory; one larger graph goes alone
PAIRS_AT_A_TIME = 1 << 20

Stretch = tuple[int, int]
"""First graph, and the first one after."""


def stretches_of(ptr: Int[Tensor, " graphs_plus_1"], *, pairs: bool) -> list[Stretch]:
    """Cut the graphs by their nodes and, if asked, pairs; at least one stretch, to give shapes."""
    starts = ptr.tolist()
    found: list[Stretch] = []
    first, nodes, squares = 0, 0, 0
    for graph in range(len(starts) - 1):
        size = starts[graph + 1] - starts[graph]
        nodes, squares = nodes + size, squares + size**2
        full = nodes > NODES_AT_A_TIME or (pairs and squares > PAIRS_AT_A_TIME)
        if full and graph > first:
            found.append((first, graph))
            first, nodes, squares = graph, size, size**2
    return [*found, (first, len(starts) - 1)]


def in_order(
    compute: Callable[[Stretch], Result], stretches: Sequence[Stretch], workers: int
) -> Iterator[Result]:
    """Results of all stretches, in their order, from ``workers`` threads.

    Threads, since almost all the time passes outside the interpreter's lock, and processes would
    have to start and send tensors. Every one works as if alone, whatever their number: LAPACK is
    slower on small matrices with more threads, and might give other last digits.
    """
    if len(stretches) == 1:
        yield compute(stretches[0])
        return
    with _single_threads(workers) as pool:
        waiting = deque(pool.submit(compute, one) for one in stretches)
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _single_threads(workers: int) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads do not use others; unfinished work is dropped on the way out."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # for this thread it was so all along, for new ones not
