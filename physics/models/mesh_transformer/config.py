"""Sizes of a masked mesh transformer, and who sees whom in it."""

from dataclasses import dataclass, field

from graphformers.errors import ConfigError
from graphformers.layers.mlp import Activation, activation_function
from graphformers.physics.models.task import StaticTask, TransientTask, check_at_least


@dataclass(frozen=True, kw_only=True)
class MeshTransformerConfig:
    """Sizes of a masked mesh transformer; ``task`` says what goes in and what comes out.

    A node sees the nodes at most ``hops`` mesh edges away, but not itself. Further it sees

    - with ``dilations``, the nodes up to ``reach`` steps of each dilation before and after it in
      the numbering, and itself: number the nodes so that neighbours are near (``NodeOrder``);
    - up to ``random_edges`` nodes of its case, drawn by ``seed``, and itself;
    - ``global_tokens`` learned tokens of its case, which see all its nodes and one another.

    ``rotary_base`` turns queries and keys by the position, with frequencies that fall from 1 to
    the inverse of the base (1e4 as published). ``output_gate`` lets every node weigh what it has
    attended to, ``tied`` uses one projection as query, key and value, and ``temporal`` compares
    the last block's output with its input in an attention of its own. ``feed_forward`` is the
    inner width of the gated perceptron in multiples of ``dim``; ``layers`` counts the linear maps
    of encoder and decoder. The published option SiLU is that for both activations.
    """

    task: StaticTask | TransientTask = field(default_factory=StaticTask)
    space: int = 2
    dim: int = 64
    heads: int = 4
    blocks: int = 10
    layers: int = 4
    feed_forward: int = 3
    hops: int = 1
    dilations: tuple[int, ...] = ()
    reach: int = 4
    random_edges: int = 0
    seed: int = 0
    global_tokens: int = 0
    rotary_base: float | None = None
    output_gate: bool = False
    tied: bool = False
    temporal: bool = False
    activation: Activation = "relu"  # of encoder and decoder
    gate_activation: Activation = "gelu"

    def __post_init__(self) -> None:
        sizes = ("dim", "heads", "blocks", "layers", "feed_forward", "hops", "reach")
        check_at_least(self, random_edges=0, global_tokens=0, **dict.fromkeys(sizes, 1))
        if self.space not in (2, 3):
            raise ConfigError(f"space must be 2 or 3; got {self.space}")
        if self.dim % self.heads:
            raise ConfigError(f"dim must be a multiple of heads; got {self.dim} and {self.heads}")
        if any(dilation < 1 for dilation in self.dilations):
            raise ConfigError(f"dilations must be at least 1; got {self.dilations}")
        activation_function(self.activation)
        activation_function(self.gate_activation)
        self._check_rotary()

    def _check_rotary(self) -> None:
        if self.rotary_base is None:
            return
        if self.rotary_base < 1:
            raise ConfigError(f"rotary_base must be at least 1; got {self.rotary_base}")
        if self.head_dim % 2 or self.waves == 0:
            raise ConfigError(
                f"a rotary code in {self.space}-D needs heads of an even width of at least "
                f"{2 * self.space}; got {self.head_dim}"
            )

    @property
    def head_dim(self) -> int:
        """Width of a head."""
        return self.dim // self.heads

    @property
    def waves(self) -> int:
        """Pairs of a head that turn with each coordinate; what is left over does not turn."""
        return self.head_dim // (2 * self.space)

    @classmethod
    def deforming_plate(cls) -> "MeshTransformerConfig":
        """A plate under load, Garnier et al. 2025: three fields; kinds of 9 sorts."""
        return cls(task=TransientTask(fields=3, node_types=9), space=3)

    @classmethod
    def aneurysm(cls) -> "MeshTransformerConfig":
        """Blood flow, Garnier et al. 2025: the velocity; kinds of 9 sorts.

        The published model reads further columns, which are not described.
        """
        return cls(task=TransientTask(fields=3, node_types=9), space=3)
