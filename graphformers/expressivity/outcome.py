"""What comes out for one contender on one set, and computing it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from graphformers.expressivity.classification import Training, cross_validated_accuracy
from graphformers.expressivity.contenders import MODELS, REFERENCES
from graphformers.expressivity.graph_set import GraphSet
from graphformers.expressivity.paired_comparison import Comparison, Protocol, compare_pairs
from graphformers.expressivity.separation import (
    TOLERANCE,
    Separation,
    classes_told_apart,
    separated_by_colours,
    separated_by_embeddings,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One contender on one set.

    ``counts`` are the pairs told apart and all pairs of every category. ``false_alarms`` counts
    copies told apart from their original, or unreliable pairs of BREC. ``accuracy`` is that of a
    trained classifier; None where none was trained. ``noise`` and ``smallest`` are those of a
    ``Separation``.
    """

    contender: str
    graph_set: str
    told_apart: tuple[bool, ...]
    counts: dict[str, tuple[int, int]]
    false_alarms: int
    classes: int | None = None
    accuracy: float | None = None
    noise: float | None = None
    smallest: float | None = None
    statistics: tuple[tuple[float, float], ...] = ()

    @property
    def total(self) -> int:
        """Pairs told apart."""
        return sum(self.told_apart)

    def with_accuracy(self, accuracy: float | None) -> "Outcome":
        """The same with the accuracy of a trained classifier."""
        return replace(self, accuracy=accuracy)


def separation_outcome(
    name: str, graph_set: GraphSet, seeds: Sequence[int], tolerance: float = TOLERANCE
) -> Outcome:
    """Pairs separated by a reference, or by an untrained model in float64."""
    if name in REFERENCES:
        separation = separated_by_colours(graph_set, REFERENCES[name])
    else:
        separation = separated_by_embeddings(graph_set, MODELS[name], seeds, tolerance)
    return _outcome(name, graph_set, separation)


def comparison_outcome(
    name: str, graph_set: GraphSet, protocol: Protocol, progress: Callable[[], None]
) -> Outcome:
    """Pairs of BREC: a reference by its colours, a model by the reliable paired comparison."""
    if name in REFERENCES:
        outcome = _outcome(name, graph_set, separated_by_colours(graph_set, REFERENCES[name]))
        for _ in graph_set.pairs:
            progress()
        return outcome
    comparisons: list[Comparison] = []
    for comparison in compare_pairs(graph_set, MODELS[name], protocol):
        comparisons.append(comparison)
        progress()
    told_apart = tuple(one.told_apart for one in comparisons)
    return Outcome(
        contender=name,
        graph_set=graph_set.name,
        told_apart=told_apart,
        counts=_counts(graph_set, told_apart),
        false_alarms=sum(not one.reliable for one in comparisons),
        statistics=tuple((one.between_graphs, one.between_copies) for one in comparisons),
    )


def accuracy_of(name: str, graph_set: GraphSet, training: Training) -> float | None:
    """Cross-validated accuracy of a trained model; None for a reference, which learns nothing."""
    if name in REFERENCES:
        return None
    return cross_validated_accuracy(graph_set, MODELS[name], training)


def _outcome(name: str, graph_set: GraphSet, separation: Separation) -> Outcome:
    count = len(graph_set.graphs)
    complete = len(graph_set.pairs) == count * (count - 1) // 2
    classes = classes_told_apart(graph_set, separation.told_apart) if complete else None
    return Outcome(
        contender=name,
        graph_set=graph_set.name,
        told_apart=separation.told_apart,
        counts=_counts(graph_set, separation.told_apart),
        false_alarms=separation.false_alarms,
        classes=classes,
        noise=separation.noise,
        smallest=separation.smallest,
    )


def _counts(graph_set: GraphSet, told_apart: Iterable[bool]) -> dict[str, tuple[int, int]]:
    if not graph_set.categories:
        return {}
    there = Counter(graph_set.categories)
    apart = Counter(
        category for category, one in zip(graph_set.categories, told_apart, strict=True) if one
    )
    return {category: (apart[category], there[category]) for category in there}
