import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphformers.errors import DataError
from graphformers.molecules.vocabulary import OGB_VOCABULARY, CategoricalFeature, Vocabulary

FEATURES = [*OGB_VOCABULARY.atom, *OGB_VOCABULARY.bond]


def test_official_sizes_are_the_published_table_sizes() -> None:
    assert OGB_VOCABULARY.official_atom_sizes == (119, 5, 12, 12, 10, 6, 6, 2, 2)
    assert OGB_VOCABULARY.official_bond_sizes == (5, 6, 2)


def test_features_without_a_published_unknown_row_get_one_of_ours() -> None:
    assert OGB_VOCABULARY.atom_sizes == (119, 5, 12, 12, 10, 6, 6, 3, 3)
    assert OGB_VOCABULARY.bond_sizes == (5, 7, 3)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_every_listed_value_has_its_own_index_and_others_the_last(
    feature: CategoricalFeature,
) -> None:
    assert [feature.index(value) for value in feature.values] == list(range(feature.size - 1))
    assert feature.index("something RDKit may add one day") == feature.unknown == feature.size - 1


def test_json_round_trip_keeps_the_vocabulary() -> None:
    text = json.dumps(OGB_VOCABULARY.to_json())
    assert Vocabulary.from_json(json.loads(text)) == OGB_VOCABULARY


@given(
    values=st.lists(st.one_of(st.integers(), st.text()), min_size=1, max_size=20, unique=True),
    official_unknown=st.booleans(),
)
def test_json_round_trip_keeps_any_feature(values: list, official_unknown: bool) -> None:
    feature = CategoricalFeature(
        name="drawn", values=tuple(values), official_unknown=official_unknown
    )
    vocabulary = Vocabulary(version="drawn", atom=(feature,), bond=(feature,))
    assert Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json()))) == vocabulary


@pytest.mark.parametrize("document", [{}, {"version": "1", "atom": [{}], "bond": []}, {"atom": 3}])
def test_a_document_that_is_no_vocabulary_is_refused(document: dict) -> None:
    with pytest.raises(DataError, match="a vocabulary holds"):
        Vocabulary.from_json(document)


def test_repeated_values_are_refused() -> None:
    with pytest.raises(DataError, match="distinct values"):
        CategoricalFeature(name="degree", values=(1, 1), official_unknown=True)


def test_more_categories_than_a_byte_holds_are_refused() -> None:
    with pytest.raises(DataError, match="at most 256"):
        CategoricalFeature(name="degree", values=tuple(range(256)), official_unknown=True)


def test_repeated_names_are_refused() -> None:
    feature = CategoricalFeature(name="degree", values=(1,), official_unknown=True)
    with pytest.raises(DataError, match="different names"):
        Vocabulary(version="twice", atom=(feature, feature), bond=(feature,))
