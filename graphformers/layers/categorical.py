"""Categories to vectors: one embedding table per column, summed."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError, DataError, ShapeError


class CategoricalEmbedding(nn.Module):
    r"""Sum of one embedding per categorical column.

    .. math:: y_i = \sum_c T_c[x_{ic}]

    ``sizes`` holds the number of categories of every column. An unknown category needs a slot of
    its own among them, which the featuriser assigns. The tables lie one below the other in a single
    parameter, so that one lookup does the work.

    ``normal`` draws the tables from N(0, 1) instead of Xavier's uniform distribution.
    """

    offsets: Tensor
    sizes: Tensor

    def __init__(self, sizes: Sequence[int], dim: int, *, normal: bool = False):
        super().__init__()
        if not sizes or min(sizes) < 1:
            raise ConfigError(f"every column needs at least one category; got sizes {tuple(sizes)}")
        self.rows = tuple(sizes)
        counts = torch.tensor(self.rows)
        self.tables = nn.Parameter(torch.empty(sum(sizes), dim))
        self.normal = normal
        self.register_buffer("sizes", counts, persistent=False)
        self.register_buffer("offsets", counts.cumsum(0) - counts, persistent=False)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw every table anew."""
        for table in self.tables.split(self.rows):
            if self.normal:
                nn.init.normal_(table)
            else:
                nn.init.xavier_uniform_(table)

    def forward(
        self, categories: Int[Tensor, "items columns"] | Int[Tensor, " items"]
    ) -> Float[Tensor, "items dim"]:
        """Look up and sum; one column may come without its axis.

        Raises ``DataError`` for a category outside its table. Compiled code does not look.
        """
        if categories.ndim == 1:
            categories = categories.unsqueeze(1)
        if categories.ndim != 2 or categories.shape[1] != len(self.rows):
            raise ShapeError(
                f"expected {len(self.rows)} categorical columns; got {tuple(categories.shape)}"
            )
        if not torch.compiler.is_compiling():
            self._check(categories)
        if len(self.rows) == 1:
            return F.embedding(categories[:, 0], self.tables)
        return F.embedding_bag(categories + self.offsets, self.tables, mode="sum")

    def _check(self, categories: Tensor) -> None:
        if categories.is_floating_point():
            raise ShapeError(f"categories must be integers; got {categories.dtype}")
        outside = (categories < 0) | (categories >= self.sizes)
        if outside.any():
            row, column = outside.nonzero()[0].tolist()
            raise DataError(
                f"row {row}, column {column} holds category {int(categories[row, column])}, "
                f"but its table ends at {self.rows[column] - 1}"
            )
