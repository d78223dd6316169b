"""Cases of which only some points are read."""

from collections.abc import Sequence

import torch
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.normalization import Normalization


class SampledCases:
    """Some cases of a store, normalised; of each a random ``share`` of its points, without edges.

    Every look draws new points with torch's generator. Only they are read, so a step costs the same
    time and memory for any size of mesh that it takes as many points from.
    """

    def __init__(
        self, store: MeshStore, cases: Sequence[int], normalization: Normalization, *, share: float
    ):
        self.store = store
        self.cases = list(cases)
        self.normalization = normalization
        self.share = share

    def __len__(self) -> int:
        return len(self.cases)

    def select(self, graphs: Sequence[int] | Tensor) -> GraphBatch:
        """Samples of the given cases as one batch."""
        samples = [self._sample(self.cases[int(graph)]) for graph in graphs]
        return self.normalization.apply(GraphBatch.concatenate(samples))

    def _sample(self, case: int) -> GraphBatch:
        points = max(int(self.share * self.store.size(case)), 1)
        seed = int(torch.randint(2**31, ()))
        return self.store.sample(case, points, seed=seed)
