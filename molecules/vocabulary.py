"""Which categories an atom and a bond are described by, and the number each category gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from graphformers.errors import DataError

Category = int | str | bool
"""What a feature can be: a count, the name RDKit gives to an enumerated property, yes or no."""


@dataclass(frozen=True, kw_only=True)
class CategoricalFeature:
    """One property with a fixed list of values; value ``i`` of the list gets the index ``i``.

    Everything not in the list gets the last index, ``unknown``. Where the published table keeps a
    row for such values ("misc"), that row is ours too; where it has none (``official_unknown`` is
    false) our table is one row longer than the published one.
    """

    name: str
    values: tuple[Category, ...]
    official_unknown: bool

    def __post_init__(self) -> None:
        if not self.values or len(set(self.values)) != len(self.values):
            raise DataError(f"feature {self.name!r} needs distinct values; got {self.values}")
        if self.size > 256:
            raise DataError(f"feature {self.name!r} has {self.size} categories; at most 256 fit")

    @property
    def size(self) -> int:
        """Number of indices, the unknown one included."""
        return len(self.values) + 1

    @property
    def official_size(self) -> int:
        """Rows of the published embedding table."""
        return len(self.values) + self.official_unknown

    @property
    def unknown(self) -> int:
        """Index of every value that is not listed."""
        return len(self.values)

    def index(self, value: Category) -> int:
        """Index of a value; ``unknown`` when it is not listed."""
        return self._indices.get(value, self.unknown)

    @cached_property
    def _indices(self) -> dict[Category, int]:
        return {value: index for index, value in enumerate(self.values)}


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The features of atoms and bonds, in the order of the columns of ``x`` and ``edge_attr``.

    ``version`` names the table. A model keeps its vocabulary in its file and so goes on reading
    molecules the way it was trained, whatever the default of a later release is.
    """

    version: str
    atom: tuple[CategoricalFeature, ...]
    bond: tuple[CategoricalFeature, ...]

    def __post_init__(self) -> None:
        for kind, features in (("atom", self.atom), ("bond", self.bond)):
            names = [feature.name for feature in features]
            if not names or len(set(names)) != len(names):
                raise DataError(
                    f"a vocabulary needs {kind} features of different names; got {names}"
                )

    @property
    def atom_sizes(self) -> tuple[int, ...]:
        """Number of indices of every atom feature."""
        return tuple(feature.size for feature in self.atom)

    @property
    def bond_sizes(self) -> tuple[int, ...]:
        """Number of indices of every bond feature."""
        return tuple(feature.size for feature in self.bond)

    @property
    def official_atom_sizes(self) -> tuple[int, ...]:
        """Rows of the published atom embedding tables."""
        return tuple(feature.official_size for feature in self.atom)

    @property
    def official_bond_sizes(self) -> tuple[int, ...]:
        """Rows of the published bond embedding tables."""
        return tuple(feature.official_size for feature in self.bond)

    def to_json(self) -> dict[str, object]:
        """A JSON document that ``from_json`` reads back."""
        return {
            "version": self.version,
            "atom": [_feature_to_json(feature) for feature in self.atom],
            "bond": [_feature_to_json(feature) for feature in self.bond],
        }

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Vocabulary":
        """The vocabulary ``to_json`` wrote; ``DataError`` when the document is anything else."""
        try:
            return Vocabulary(
                version=str(document["version"]),
                atom=_features_from_json(document["atom"]),
                bond=_features_from_json(document["bond"]),
            )
        except (KeyError, TypeError) as error:
            raise DataError(
                f"a vocabulary holds version, atom and bond, each feature with name, values and "
                f"official_unknown; reading this one failed at {error}"
            ) from error


def _feature_to_json(feature: CategoricalFeature) -> dict[str, object]:
    return {
        "name": feature.name,
        "values": list(feature.values),
        "official_unknown": feature.official_unknown,
    }


def _features_from_json(documents: object) -> tuple[CategoricalFeature, ...]:
    if not isinstance(documents, Sequence):
        raise TypeError("a list of features")
    return tuple(
        CategoricalFeature(
            name=one["name"], values=tuple(one["values"]), official_unknown=one["official_unknown"]
        )
        for one in documents
    )


def _listed(name: str, *values: Category, official_unknown: bool) -> CategoricalFeature:
    return CategoricalFeature(name=name, values=values, official_unknown=official_unknown)


OGB_VOCABULARY = Vocabulary(
    version="ogb-2",
    atom=(
        _listed("atomic_number", *range(1, 119), official_unknown=True),
        _listed(
            "chirality",
            "CHI_UNSPECIFIED",
            "CHI_TETRAHEDRAL_CW",
            "CHI_TETRAHEDRAL_CCW",
            "CHI_OTHER",
            official_unknown=True,
        ),
        _listed("degree", *range(11), official_unknown=True),
        _listed("formal_charge", *range(-5, 6), official_unknown=True),
        _listed("hydrogens", *range(9), official_unknown=True),
        _listed("radical_electrons", *range(5), official_unknown=True),
        _listed("hybridization", "SP", "SP2", "SP3", "SP3D", "SP3D2", official_unknown=True),
        _listed("aromatic", False, True, official_unknown=False),
        _listed("in_ring", False, True, official_unknown=False),
    ),
    bond=(
        _listed("bond_type", "SINGLE", "DOUBLE", "TRIPLE", "AROMATIC", official_unknown=True),
        _listed(
            "stereo",
            "STEREONONE",
            "STEREOZ",
            "STEREOE",
            "STEREOCIS",
            "STEREOTRANS",
            "STEREOANY",
            official_unknown=False,
        ),
        _listed("conjugated", False, True, official_unknown=False),
    ),
)
"""The nine atom and three bond features of the Open Graph Benchmark.

Published tables have (119, 5, 12, 12, 10, 6, 6, 2, 2) and (5, 6, 2) rows. Early releases
of the benchmark had no row for unknown chirality: weights trained then have 4 rows there, the first
four of ours. Unknown takes index 2 of ``aromatic``, ``in_ring`` and ``conjugated`` and
index 6 of ``stereo`` (atropisomers, say), rows the published tables do not have.

Source: Hu et al. 2020, arXiv:2005.00687, appendix on molecular graphs.
"""
