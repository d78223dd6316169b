"""Sizes of a PhysGTO."""

from dataclasses import dataclass, field
from typing import Literal

from graphformers.errors import ConfigError
from graphformers.layers.mesh_message import EdgeDirection
from graphformers.layers.mlp import Activation, activation_function
from graphformers.physics.models.task import StaticTask, TransientTask, check_at_least

Conditioning = Literal["joined", "added"]
Attention = Literal["projected", "three steps"]


@dataclass(frozen=True, kw_only=True)
class PhysGTOConfig:
    """Sizes of a PhysGTO; ``task`` says what goes in and what comes out.

    The published static model has no conditions; ours enter as those of the transient model do.

    ``hidden`` is the inner width of every perceptron, ``encoder_layers`` the number of such layers
    in those of the encoder, ``feed_forward`` the inner width of the feed-forward step in multiples
    of ``dim``. ``tied_attention`` uses one projection as key and value when nodes are read into
    tokens. ``xavier`` draws weights Xavier-uniform with bias 0.01 instead of torch's default.

    The model of large surfaces differs in three choices. ``conditioning="added"``, for static
    tasks, adds the condition of a case to its nodes at the start of every block, where ``"joined"``
    puts both side by side, and decodes in two steps. ``attention="three steps"`` reads nodes into
    tokens, lets these attend to one another, and has nodes read them back by three standard
    attentions. ``drag`` adds a head for the sum over a surface.
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
    conditioning: Conditioning = "joined"
    attention: Attention = "projected"
    drag: bool = False
    xavier: bool = False

    def __post_init__(self) -> None:
        sizes = ("dim", "heads", "tokens", "blocks", "hidden", "encoder_layers", "feed_forward")
        check_at_least(self, octaves=0, **dict.fromkeys(sizes, 1))
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
        self._check_variant()

    def _check_variant(self) -> None:
        if self.conditioning not in ("joined", "added"):
            raise ConfigError(f"conditioning must be joined or added; got {self.conditioning!r}")
        if self.attention not in ("projected", "three steps"):
            raise ConfigError(
                f"attention must be 'projected' or 'three steps'; got {self.attention!r}"
            )
        if self.conditioning == "added" and not isinstance(self.task, StaticTask):
            raise ConfigError("conditions can be added in a static task only; join them")
        if self.drag and self.conditioning != "added":
            raise ConfigError("drag needs conditioning='added'")

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

    @classmethod
    def ahmed(cls) -> "PhysGTOConfig":
        """Pressure on Ahmed bodies, Liu et al. 2025, from cell areas; 1,790,849 parameters."""
        return cls(
            task=StaticTask(conditions=8),
            space=3,
            dim=128,
            tokens=128,
            hidden=128,
            dropout=0.0,
            conditioning="added",
            attention="three steps",
            xavier=True,
        )
