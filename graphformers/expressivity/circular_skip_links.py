"""Circular skip links (CSL): ten classes of 4-regular graphs."""

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import DataError
from graphformers.expressivity.graph_set import GraphSet, all_pairs, batch_of
from graphformers.expressivity.relabelling import relabelled

NUM_NODES = 41
SKIP_LENGTHS = (2, 3, 4, 5, 6, 9, 11, 12, 13, 16)
COPIES = 15


def skip_link_edges(num_nodes: int, skip: int) -> Int[Tensor, "2 edges"]:
    r"""Edges of a circle with links over ``skip`` nodes, both directions of each.

    .. math:: i \sim i \pm 1 \pmod n, \qquad i \sim i \pm R \pmod n

    Source: Murphy et al. 2019, arXiv:1903.02541, section 4.1.
    """
    if not 1 < skip < num_nodes / 2:
        raise DataError(f"skip must lie between 1 and {num_nodes} / 2, exclusive; got {skip}")
    node = torch.arange(num_nodes)
    steps = [torch.stack([node, (node + step) % num_nodes]) for step in (1, skip)]
    onward = torch.cat(steps, dim=1)
    return torch.cat([onward, onward.flip(0)], dim=1)


def csl_classes() -> GraphSet:
    """One graph per class: 45 pairs to tell apart."""
    edges = [(NUM_NODES, skip_link_edges(NUM_NODES, skip)) for skip in SKIP_LENGTHS]
    count = len(SKIP_LENGTHS)
    return GraphSet(
        name="csl", graphs=batch_of(edges), pairs=all_pairs(count), labels=tuple(range(count))
    )


def csl_copies(seed: int = 0) -> GraphSet:
    """The data set: 15 relabelled copies of each of the ten graphs, labelled by class."""
    classes = csl_classes()
    labels = torch.arange(len(SKIP_LENGTHS)).repeat_interleave(COPIES)
    graphs = relabelled(classes.graphs.select(labels), torch.Generator().manual_seed(seed))
    return GraphSet(
        name="csl",
        graphs=graphs,
        pairs=torch.zeros(0, 2, dtype=torch.int64),
        labels=tuple(labels.tolist()),
    )
