"""From node features to predictions, one row per graph, per node or per pair of nodes."""

from abc import ABC, abstractmethod
from typing import Literal, final

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern, segment_reduce
from graphformers.layers.mlp import MLP, Activation

Pool = Literal["sum", "mean", "max"]


class Head(nn.Module, ABC):
    """The last part of a graph model."""

    @abstractmethod
    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "rows out"]:
        """Predictions, one row per graph, per node or per pair of nodes."""


@final
class HalvingHead(Head):
    """Pool each graph, then an MLP whose width halves twice: ``dim, dim / 2, dim / 4, out``.

    Source: the ``san_graph`` head of Rampášek et al. 2022, arXiv:2205.12454.
    """

    def __init__(self, dim: int, out: int, *, pool: Pool, activation: Activation = "relu"):
        super().__init__()
        self.pool: Pool = pool
        self.mlp = MLP([dim, dim // 2, dim // 4, out], activation)

    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "graphs out"]:
        """One prediction per graph."""
        return self.mlp(segment_reduce(x, ptr, self.pool))


@final
class UnitRowMLP(nn.Module):
    r"""MLP whose hidden rows have length 1.

    .. math:: h_l = \frac{\mathrm{ReLU}(W_l h_{l-1})}{\|\mathrm{ReLU}(W_l h_{l-1})\|_2}, \qquad
              y = W_n h_{n-1}

    Source: the MLP of GraphGym (You et al. 2020, arXiv:2011.08843), whose layers normalise unless
    told otherwise; published models were trained with it.
    """

    def __init__(self, dim: int, out: int, *, layers: int):
        super().__init__()
        if layers < 1:
            raise ConfigError(f"an MLP needs at least one layer; got {layers}")
        self.hidden = nn.ModuleList(nn.Linear(dim, dim) for _ in range(layers - 1))
        self.output = nn.Linear(dim, out)

    def forward(self, x: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows out"]:
        """Apply to every row."""
        for layer in self.hidden:
            x = F.normalize(F.relu(layer(x)), dim=-1)
        return self.output(x)


@final
class GraphHead(Head):
    """Pool each graph, then a ``UnitRowMLP``."""

    def __init__(self, dim: int, out: int, *, pool: Pool, layers: int):
        super().__init__()
        self.pool: Pool = pool
        self.mlp = UnitRowMLP(dim, out, layers=layers)

    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "graphs out"]:
        """One prediction per graph."""
        return self.mlp(segment_reduce(x, ptr, self.pool))


@final
class NodeHead(Head):
    """A ``UnitRowMLP`` on every node."""

    def __init__(self, dim: int, out: int, *, layers: int):
        super().__init__()
        self.mlp = UnitRowMLP(dim, out, layers=layers)

    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "nodes out"]:
        """One prediction per node; ``ptr`` is not needed."""
        return self.mlp(x)


@final
class SequenceHead(Head):
    """Pool each graph, then one linear map for each position of a sequence of words.

    A prediction holds the logits of all words for the first position, then for the second:
    ``unflatten(1, (positions, words))`` separates them.

    Source: the ``ogb_code_graph`` head of Rampášek et al. 2022, arXiv:2205.12454.
    """

    def __init__(self, dim: int, *, positions: int, words: int, pool: Pool):
        super().__init__()
        self.pool: Pool = pool
        self.linear = nn.Linear(dim, positions * words)

    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "graphs positions_x_words"]:
        """One prediction per graph."""
        return self.linear(segment_reduce(x, ptr, self.pool))


@final
class PairHead(Head):
    r"""A ``UnitRowMLP`` on every node, then the dot product of the two nodes of a pair.

    .. math:: y_{ij} = \mathrm{MLP}(x_i) \cdot \mathrm{MLP}(x_j)

    Source: the ``inductive_edge`` head of Rampášek et al. 2022, arXiv:2205.12454.
    """

    def __init__(self, dim: int, *, layers: int):
        super().__init__()
        self.mlp = UnitRowMLP(dim, dim, layers=layers)

    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "pairs 1"]:
        """One logit for every ordered pair inside each graph, in the order of ``batch.pairs``."""
        return self.score(x, SparsePattern.complete(ptr).edge_index)

    def score(
        self, x: Float[Tensor, "nodes dim"], ends: Int[Tensor, "2 pairs"]
    ) -> Float[Tensor, "pairs 1"]:
        """One logit for each of the given pairs: ``head.score(model.node_states(batch), ends)``."""
        first, second = self.mlp(x)[ends]
        return (first * second).sum(dim=-1, keepdim=True)
