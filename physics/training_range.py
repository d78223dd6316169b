"""What the training cases spanned, and saying so when a question lies far outside of it."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TypeAlias, cast

import numpy as np

from graphformers.configuration import Json
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_store import MeshStore
from graphformers.physics.readers.quality import warn_of_other_unit
from graphformers.physics.wall import Wall, node_feature_names

Span: TypeAlias = tuple[float, float]

MARGIN = 0.1  # share of the range by which a value may lie outside of it unremarked


class OutsideTrainingRangeWarning(UserWarning):
    """A prediction was asked for far from what the model has learned from."""


@dataclass(frozen=True, kw_only=True)
class TrainingRange:
    """Least and largest size of the body (m; of the mesh without one), parameters and inputs.

    Sizes are the largest sides of bounding boxes. ``inputs`` are those that are given at every
    point, by the names of their columns.
    """

    size: Span
    parameters: Mapping[str, Span]
    inputs: Mapping[str, Span] = field(default_factory=dict)

    @staticmethod
    def of_cases(store: MeshStore, train: Sequence[int]) -> "TrainingRange":
        """Measure the training cases, one at a time."""
        sizes = [body_size(store.wall(number)) for number in train]
        values = {
            name: [store.index.parameters[number][name] for number in train]
            for name in store.parameter_names
        }
        return TrainingRange(
            size=(min(sizes), max(sizes)),
            parameters={name: (min(one), max(one)) for name, one in values.items()},
            inputs=_input_spans(store, train),
        )

    def warn(self, case: MeshCase) -> None:
        """Warn of a body in another unit of length, and of what lies outside of the range."""
        size = body_size(case.wall)
        warn_of_other_unit(size, self.size[1], repr(case.name))
        for what, value, (least, largest) in self._outside(case, size):
            warnings.warn(
                f"{case.name!r}: {what} is {value:.6g}, the training cases go from {least:.6g} to "
                f"{largest:.6g}: the prediction is an extrapolation",
                OutsideTrainingRangeWarning,
                stacklevel=3,
            )

    def to_json(self) -> Json:
        """As plain JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "TrainingRange":
        """Read what ``to_json`` wrote."""
        least, largest = cast("Sequence[float]", document["size"])
        parameters, inputs = (
            cast("Mapping[str, Sequence[float]]", document.get(name, {}))
            for name in ("parameters", "inputs")  # earlier versions did not keep inputs
        )
        return TrainingRange(
            size=(least, largest),
            parameters={name: (one[0], one[1]) for name, one in parameters.items()},
            inputs={name: (one[0], one[1]) for name, one in inputs.items()},
        )

    def _outside(self, case: MeshCase, size: float) -> Iterator[tuple[str, float, Span]]:
        asked = [("its size", size, self.size)]
        asked += [
            (f"its {name}", case.parameters[name], span)
            for name, span in self.parameters.items()
            if name in case.parameters
        ]
        for name, column in zip(case.feature_names, case.features.T, strict=True):
            if name in self.inputs:
                span = self.inputs[name]
                asked += [(f"its {name}", float(end), span) for end in (column.min(), column.max())]
        for what, value, (least, largest) in asked:
            margin = MARGIN * max(largest - least, abs(largest))
            if not least - margin <= value <= largest + margin:
                yield what, value, (least, largest)


def _input_spans(store: MeshStore, train: Sequence[int]) -> dict[str, Span]:
    """What the inputs of the training cases span, reading one case at a time."""
    first = len(node_feature_names(store.space))
    spans: dict[str, Span] = {}
    for number in train if store.index.input_names else ():
        columns = store.select([number]).x[:, first:].T
        for name, values in zip(store.feature_names[first:], columns, strict=True):
            low, high = (float(end) for end in values.aminmax())
            least, largest = spans.get(name, (low, high))
            spans[name] = min(least, low), max(largest, high)
    return spans


def body_size(wall: Wall) -> float:
    """Largest side of the bounding box of a wall; of the whole mesh where there is none."""
    return wall.extent if wall.facets.size else float(np.ptp(wall.points, axis=0).max())
