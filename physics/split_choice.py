"""A split in the words of the command line."""

from graphformers.errors import ConfigError, check_known
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.splits import (
    Split,
    families_by_name,
    split_by_case,
    split_by_family,
    split_by_range,
)

SPLIT_HELP = (
    "'case' draws cases; 'family:PATTERN' whole families, the first group of the pattern in the "
    "name; 'PARAMETER:LOW..HIGH' tests outside of a range of a parameter; or a manifest (.json); "
    "default: as the cases say"
)


def chosen_split(words: str, store: MeshStore, *, val: float) -> Split:
    """The split that the words of ``SPLIT_HELP`` name, of the cases of a store.

    ``val`` is the share of the cases, or families, that is drawn for validation; a fifth is drawn
    for the test where no range says what it is. Raises ``ConfigError`` for other words and
    ``DataError`` when the cases cannot be divided like this.
    """
    if words == "case":
        return split_by_case(store.names, val=val)
    if words.endswith(".json"):
        return Split.load(words)
    kind, _, rest = words.partition(":")
    if kind == "family":
        return split_by_family(families_by_name(store.names, rest), val=val)
    low, dots, high = rest.partition("..")
    if not dots:
        raise ConfigError(f"--split must be {SPLIT_HELP}; got {words!r}")
    check_known(kind, store.parameter_names, "no parameter")
    column = store.parameter_names.index(kind)
    values = store.conditions(range(len(store)))[:, column].tolist()
    return split_by_range(
        dict(zip(store.names, values, strict=True)),
        low=_bound(low, "-inf"),
        high=_bound(high, "inf"),
        val=val,
    )


def _bound(text: str, without: str) -> float:
    try:
        return float(text or without)
    except ValueError:
        raise ConfigError(f"a bound of --split must be a number; got {text!r}") from None
