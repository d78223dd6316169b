"""What a model of fields on a mesh reads and predicts."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class StaticTask:
    """Fields from what is known at every node: ``batch.x`` has ``node_features`` columns.

    With ``conditions`` greater than zero, ``batch.conditions`` has that many columns.
    """

    node_features: int = 1
    fields: int = 1
    conditions: int = 0

    def __post_init__(self) -> None:
        check_at_least(self, node_features=1, fields=1, conditions=0)

    @property
    def columns(self) -> int:
        """Columns of ``batch.x``."""
        return self.node_features

    def prediction(
        self, x: Float[Tensor, "nodes columns"], decoded: Float[Tensor, "nodes fields"]
    ) -> Float[Tensor, "nodes fields"]:
        """What a model decodes are the fields themselves."""
        return decoded


@dataclass(frozen=True, kw_only=True)
class TransientTask:
    """The next state from the present one.

    ``batch.x`` holds the state (``fields`` columns), then the kind of every node as a one-hot code
    of ``node_types`` columns. ``batch.conditions`` holds the time in its first column; further
    columns, if any, are global parameters. What a model decodes is multiplied by ``increment``, the
    size of a typical change over one step.
    """

    fields: int = 4
    node_types: int = 6
    conditions: int = 1
    increment: float = 1.0

    def __post_init__(self) -> None:
        check_at_least(self, fields=1, node_types=1, conditions=1)

    @property
    def columns(self) -> int:
        """Columns of ``batch.x``."""
        return self.fields + self.node_types

    def prediction(
        self, x: Float[Tensor, "nodes columns"], decoded: Float[Tensor, "nodes fields"]
    ) -> Float[Tensor, "nodes fields"]:
        """What a model decodes is the change of the state over one step."""
        return x[:, : self.fields] + self.increment * decoded


def check_at_least(config: object, **smallest: int) -> None:
    """Raise ``ConfigError`` unless every named setting is an integer and at least this large."""
    for name, least in smallest.items():
        value = getattr(config, name)
        if not isinstance(value, int) or value < least:
            raise ConfigError(
                f"{type(config).__name__}.{name} must be at least {least}; got {value!r}"
            )
