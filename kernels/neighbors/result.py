"""What a neighbour search returns."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.grouping.op import group
from graphformers.kernels.pattern import SparsePattern


@dataclass(frozen=True, eq=False, kw_only=True)
class Neighbors:
    """Neighbours of every query, nearest first, equal distances by ascending point number.

    Those of query ``i`` stand in slots ``row_ptr[i]`` to ``row_ptr[i + 1]``. ``distance`` is
    differentiable; where two points coincide its gradient is zero.
    """

    row_ptr: Int[Tensor, " queries_plus_1"]
    index: Int[Tensor, " edges"]
    distance: Float[Tensor, " edges"]
    num_points: int

    @property
    def num_queries(self) -> int:
        """Number of rows."""
        return self.row_ptr.shape[0] - 1

    @property
    def query(self) -> Int[Tensor, " edges"]:
        """Query of every slot."""
        queries = torch.arange(self.num_queries, device=self.row_ptr.device)
        return queries.repeat_interleave(self.row_ptr.diff(), output_size=self.index.shape[0])

    @property
    def pattern(self) -> SparsePattern:
        """The pattern with queries as targets and points as sources; slots number its edges."""
        _, by_source = group(self.index, self.num_points)
        _, by_target = group(self.query.index_select(0, by_source), self.num_queries)
        edge = by_source.index_select(0, by_target)
        return SparsePattern(
            num_targets=self.num_queries,
            num_sources=self.num_points,
            row_ptr=self.row_ptr,
            source=self.index.index_select(0, edge),
            edge=edge,
        )

    def table(
        self, k: int
    ) -> tuple[Int[Tensor, "queries neighbors"], Float[Tensor, "queries neighbors"]]:
        """Indices and distances as ``(queries, k)``, when every row has ``k`` neighbours."""
        full = self.index.shape[0] == self.num_queries * k
        # compiled code cannot look at the rows; those of a search for k neighbours hold at most k
        if not full or not (torch.compiler.is_compiling() or self._rows_hold(k)):
            raise ShapeError(f"a table of {k} neighbours needs {k} in every row")
        return self.index.view(-1, k), self.distance.view(-1, k)

    def _rows_hold(self, k: int) -> bool:
        return bool((self.row_ptr.diff() == k).all())
