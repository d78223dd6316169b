"""A column of featurised molecules: plain arrays, end to end, and the rows left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from graphformers.errors import DataError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.molecules.molecule_graph import MoleculeGraph


@dataclass(frozen=True)
class BadRow:
    """A row without a usable molecule: its number (from 0), what stood there and what is wrong."""

    row: int
    smiles: str
    reason: str

    def __str__(self) -> str:
        """A line for people, who count rows from 1."""
        return f"row {self.row + 1}: {self.reason} ({self.smiles!r})"


@dataclass(frozen=True, eq=False, kw_only=True)
class FeaturizedMolecules:
    """The molecules of a column, one after the other, with the rows they came from.

    ``rows`` and the rows of ``bad_rows`` together are 0 ... ``num_rows - 1``, each once.
    """

    x: NDArray[np.uint8]  # (atoms, atom features)
    edge_index: NDArray[np.int32]  # (2, edges), atoms numbered inside each molecule
    edge_attr: NDArray[np.uint8]  # (edges, bond features)
    num_atoms: NDArray[np.int32]  # (molecules,)
    num_edges: NDArray[np.int32]  # (molecules,)
    rows: NDArray[np.int64]  # (molecules,)
    bad_rows: tuple[BadRow, ...] = ()

    def __post_init__(self) -> None:
        atoms, edges = int(self.num_atoms.sum()), int(self.num_edges.sum())
        expected = (atoms, (2, edges), edges, len(self.rows), len(self.rows))
        sizes = (len(self.x), self.edge_index.shape, len(self.edge_attr))
        if (*sizes, len(self.num_atoms), len(self.num_edges)) != expected:
            raise ShapeError(
                f"expected {len(self.rows)} molecules with {atoms} atoms and {edges} edges; got "
                f"x {self.x.shape}, edge_index {self.edge_index.shape}, "
                f"edge_attr {self.edge_attr.shape}"
            )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def num_rows(self) -> int:
        """Rows of the column, good and bad."""
        return len(self.rows) + len(self.bad_rows)

    @cached_property
    def graphs(self) -> GraphBatch:
        """All molecules as one batch, everything in int64."""
        ptr = np.concatenate([[0], np.cumsum(self.num_atoms, dtype=np.int64)])
        first_atom = np.repeat(ptr[:-1], self.num_edges)
        return GraphBatch(
            x=torch.from_numpy(self.x.astype(np.int64)),
            edge_index=torch.from_numpy(self.edge_index + first_atom),
            edge_attr=torch.from_numpy(self.edge_attr.astype(np.int64)),
            ptr=torch.from_numpy(ptr),
        )

    def require_molecules(self) -> "FeaturizedMolecules":
        """Itself; ``DataError`` with the first bad rows when not a single molecule is there."""
        if len(self) == 0:
            shown = "; ".join(str(bad) for bad in self.bad_rows[:3])
            raise DataError(f"none of the {self.num_rows} rows holds a usable molecule: {shown}")
        return self

    def spread(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Values of the molecules ``(molecules, ...)`` over all rows, NaN at the bad ones."""
        every_row = np.full((self.num_rows, *values.shape[1:]), np.nan, dtype=values.dtype)
        every_row[self.rows] = values
        return every_row

    @staticmethod
    def from_graphs(
        graphs: Sequence[MoleculeGraph],
        rows: Sequence[int],
        bad_rows: Sequence[BadRow],
        feature_counts: tuple[int, int],
    ) -> "FeaturizedMolecules":
        """Lay graphs end to end; the numbers of atom and bond features serve when there is none."""
        atom_features, bond_features = feature_counts
        no_atoms = np.zeros((0, atom_features), dtype=np.uint8)
        no_edges = np.zeros((0, bond_features), dtype=np.uint8)
        no_ends = np.zeros((2, 0), dtype=np.int32)
        return FeaturizedMolecules(
            x=np.concatenate([no_atoms, *(graph.x for graph in graphs)]),
            edge_index=np.concatenate([no_ends, *(graph.edge_index for graph in graphs)], axis=1),
            edge_attr=np.concatenate([no_edges, *(graph.edge_attr for graph in graphs)]),
            num_atoms=np.array([len(graph.x) for graph in graphs], dtype=np.int32),
            num_edges=np.array([len(graph.edge_attr) for graph in graphs], dtype=np.int32),
            rows=np.array(rows, dtype=np.int64),
            bad_rows=tuple(bad_rows),
        )

    @staticmethod
    def concatenate(parts: Sequence["FeaturizedMolecules"]) -> "FeaturizedMolecules":
        """Several parts of one column, in order, as one."""
        return FeaturizedMolecules(
            x=np.concatenate([part.x for part in parts]),
            edge_index=np.concatenate([part.edge_index for part in parts], axis=1),
            edge_attr=np.concatenate([part.edge_attr for part in parts]),
            num_atoms=np.concatenate([part.num_atoms for part in parts]),
            num_edges=np.concatenate([part.num_edges for part in parts]),
            rows=np.concatenate([part.rows for part in parts]),
            bad_rows=tuple(bad for part in parts for bad in part.bad_rows),
        )
