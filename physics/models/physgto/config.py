"""What a PhysGTO predicts, and its sizes."""

from dataclasses import dataclass, field

from graphformers.errors import ConfigError
from graphformers.layers.mesh_message import EdgeDirection
from graphformers.layers.mlp import Activation, activation_function


@dataclass(frozen=True, kw_only=True)
class StaticTask:
    """Fields from what is known at every node: ``batch.x`` has ``node_features`` columns.

    With ``conditions`` greater than zero, ``batch.conditions`` has that many columns. The published
    model has no conditions; ours enter as those of the transient model do.
    """

    node_features: int = 1
    fields: int = 1
    conditions: int = 0

    def __post_init__(self) -> None:
        _check_at_least(self, node_features=1, fields=1, conditions=0)

    @property
    def columns(self) -> int:
        """Columns of ``batch.x``."""
        return self.node_features


@dataclass(frozen=True, kw_only=True)
class TransientTask:
    """The next state from the present one.

    ``batch.x`` holds the state (``fields`` columns), then the kind of every node as a one-hot code
    of ``node_types`` columns. ``batch.conditions`` holds the time in its first column; further
    columns, if any, are global parameters.
    """

    fields: int = 4
    node_types: int = 6
    conditions: int = 1

    def __post_init__(self) -> None:
        _check_at_least(self, fields=1, node_types=1, conditions=1)

    @property
    def columns(self) -> int:
        """Columns of ``batch.x``."""
        return self.fields + self.node_types


@dataclass(frozen=True, kw_only=True)
class PhysGTOConfig:
    """Sizes of a PhysGTO; ``task`` says what goes in and what comes out.

    ``hidden`` is the inner width of every perceptron, ``encoder_layers`` the number of such layers
    in those of the encoder, ``feed_forward`` the inner width of the feed-forward step in multiples
    of ``dim``. ``tied_attention`` uses one projection as key and value when nodes are read into
    tokens. ``xavier`` draws weights Xavier-uniform with bias 0.01 instead of torch's default.
    """

    task: StaticTask | TransientTask = field(default_factory=StaticTask)
    space: int = 2
    dim: int = 64
    heads: int = 4
    tokens: int = 64
    blocks: int = 4
    octaves: int = 7
    hidden: int = 256
    encoder_layers: int = 1
    feed_forward: int = 2
    activation: Activation = "silu"  # inside the messages; SiLU everywhere else
    tied_attention: bool = False
    dropout: float = 0.1
    edge_direction: EdgeDirection = "single"
    xavier: bool = False

    def __post_init__(self) -> None:
        sizes = ("dim", "heads", "tokens", "blocks", "hidden", "encoder_layers", "feed_forward")
        _check_at_least(self, octaves=0, **dict.fromkeys(sizes, 1))
        if self.space not in (2, 3):
            raise ConfigError(f"space must be 2 or 3; got {self.space}")
        if self.dim % self.heads:
            raise ConfigError(f"dim must be a multiple of heads; got {self.dim} and {self.heads}")
        if self.dim % 2 and self.edge_direction == "single":
            raise ConfigError(f"dim must be even; got {self.dim}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must lie in [0, 1); got {self.dropout}")
        if self.edge_direction not in ("single", "both"):
            raise ConfigError(f"edge_direction must be single or both; got {self.edge_direction!r}")
        activation_function(self.activation)

    @property
    def encoder_hidden(self) -> list[int]:
        """Inner widths of the encoder's perceptrons."""
        return [self.hidden] * self.encoder_layers

    @classmethod
    def darcy(cls) -> "PhysGTOConfig":
        """Darcy flow, Liu et al. 2025: one field from one field, 751,041 parameters."""
        return cls(task=StaticTask())

    @classmethod
    def heat_flow(cls) -> "PhysGTOConfig":
        """Heat and flow around cylinders, Liu et al. 2025: u, v, p, T; 2,362,757 parameters."""
        return cls(
            task=TransientTask(fields=4, node_types=6),
            dim=128,
            tokens=128,
            encoder_layers=2,
            feed_forward=1,
            activation="gelu",
            tied_attention=True,
            dropout=0.0,
        )


def _check_at_least(config: object, **smallest: int) -> None:
    for name, least in smallest.items():
        value = getattr(config, name)
        if not isinstance(value, int) or value < least:
            raise ConfigError(
                f"{type(config).__name__}.{name} must be at least {least}; got {value!r}"
            )
