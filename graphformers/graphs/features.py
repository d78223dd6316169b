"""What the features of nodes or edges of the training part are, and reading others like them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
import torch
from torch import Tensor

from graphformers.errors import DataError
from graphformers.models.features import CategoricalFeatures, NoFeatures, NumericFeatures
from graphformers.tasks import TargetScaling

AnyFeatures: TypeAlias = CategoricalFeatures | NumericFeatures | NoFeatures


@dataclass(frozen=True, kw_only=True)
class FeatureCode:
    """Categories by their place among those of the training part, or numbers brought to scale.

    ``categories`` holds the values of every column, ascending; ``scaling`` shift and scale of
    every column. At most one of them is there; edges may have neither.
    """

    categories: tuple[tuple[int, ...], ...] | None = None
    scaling: TargetScaling | None = None

    @staticmethod
    def fit(features: Tensor | None) -> "FeatureCode":
        """Learn from the training part alone."""
        if features is None:
            return FeatureCode()
        if features.is_floating_point():
            return FeatureCode(scaling=TargetScaling.fit(features.double().numpy()))
        columns = features.unbind(1)
        return FeatureCode(categories=tuple(tuple(one.unique().tolist()) for one in columns))

    def config(self) -> AnyFeatures:
        """How a model reads them."""
        if self.categories is not None:
            return CategoricalFeatures(sizes=tuple(max(len(one), 1) for one in self.categories))
        if self.scaling is not None:
            return NumericFeatures(count=len(self.scaling.shift))
        return NoFeatures()

    def apply(self, features: Tensor | None, what: str) -> tuple[Tensor | None, Tensor]:
        """What the model reads, and which rows hold a category that training did not.

        Such a row reads as the first category. Raises ``DataError`` for features of another kind
        or number.
        """
        if self.categories is None and self.scaling is None:
            return None, torch.zeros(0, dtype=torch.bool)
        if features is None:
            features = torch.zeros(0, self._columns, dtype=torch.int64)
        if len(features) and (features.shape[1] != self._columns or not self._fits(features)):
            raise DataError(
                f"the model was trained on {self._columns} columns of {self._kind} of {what}; "
                f"got {features.shape[1]} columns of {features.dtype}"
            )
        if self.scaling is not None:
            numbers = self.scaling.apply(features.double().numpy()).astype(np.float32)
            return torch.from_numpy(numbers), torch.zeros(len(features), dtype=torch.bool)
        return self._places(features)

    def _places(self, features: Tensor) -> tuple[Tensor, Tensor]:
        places, known = torch.zeros_like(features), torch.ones_like(features, dtype=torch.bool)
        for column, values in enumerate(self.categories or ()):
            there = torch.tensor(values or [0])
            found = torch.searchsorted(there, features[:, column].contiguous())
            found = found.clamp(max=len(there) - 1)
            known[:, column] = (there[found] == features[:, column]) & bool(values)
            places[:, column] = found
        places[~known] = 0
        return places, ~known.all(dim=1)

    @property
    def _columns(self) -> int:
        if self.categories is not None:
            return len(self.categories)
        return len(self.scaling.shift) if self.scaling is not None else 0

    @property
    def _kind(self) -> str:
        return "categories" if self.categories is not None else "numbers"

    def _fits(self, features: Tensor) -> bool:
        return self.scaling is not None or not features.is_floating_point()

    def to_json(self) -> dict[str, object]:
        """A JSON document that ``from_json`` reads back."""
        categories = None if self.categories is None else [list(one) for one in self.categories]
        return {
            "categories": categories,
            "scaling": None if self.scaling is None else self.scaling.to_json(),
        }

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "FeatureCode":
        """What ``to_json`` wrote."""
        try:
            categories, scaling = document["categories"], document["scaling"]
        except KeyError as error:
            raise DataError(f"features hold categories and scaling; got {document}") from error
        columns = cast("list[list[int]] | None", categories)
        return FeatureCode(
            categories=None if columns is None else tuple(tuple(one) for one in columns),
            scaling=None
            if scaling is None
            else TargetScaling.from_json(cast("Mapping[str, object]", scaling)),
        )
