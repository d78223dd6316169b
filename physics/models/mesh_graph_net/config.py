"""Sizes of a MeshGraphNet."""

from dataclasses import dataclass, field

from graphformers.errors import ConfigError
from graphformers.layers.mlp import Activation, activation_function
from graphformers.physics.models.task import StaticTask, TransientTask, check_at_least


@dataclass(frozen=True, kw_only=True)
class MeshGraphNetConfig:
    """Sizes of a MeshGraphNet; ``task`` says what goes in and what comes out.

    ``steps`` messages pass along every edge, each with weights of its own: what a node learns comes
    from at most so many edges away. Every perceptron has ``layers`` hidden layers of width ``dim``.
    With ``octaves``, nodes also read the Fourier code of their position; without, the model knows
    positions relative to the neighbours only, and a shift of the mesh changes nothing.
    """

    task: StaticTask | TransientTask = field(default_factory=StaticTask)
    space: int = 2
    dim: int = 128
    steps: int = 15
    layers: int = 2
    octaves: int = 0
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        check_at_least(self, dim=1, steps=1, layers=1, octaves=0)
        if self.space not in (2, 3):
            raise ConfigError(f"space must be 2 or 3; got {self.space}")
        activation_function(self.activation)

    @property
    def hidden(self) -> list[int]:
        """Inner widths of every perceptron."""
        return [self.dim] * self.layers

    @classmethod
    def cylinder_flow(cls) -> "MeshGraphNetConfig":
        """Incompressible flow past a cylinder, Pfaff et al. 2021: the velocity; kinds of 9 sorts.

        The published model also decodes the pressure, which it does not read.
        """
        return cls(task=TransientTask(fields=2, node_types=9))

    @classmethod
    def airfoil(cls) -> "MeshGraphNetConfig":
        """Compressible flow past an airfoil, Pfaff et al. 2021: the velocity and the density."""
        return cls(task=TransientTask(fields=3, node_types=9))

    @classmethod
    def xaeronet_surface(cls) -> "MeshGraphNetConfig":
        """Pressure and wall shear on cars, Nabian et al. 2024, arXiv:2411.17164 (XAeroNet-S).

        Read from the normal and the position of every surface point, whose published code has the
        upper three of the four octaves here and stays on one level of points.
        """
        return cls(
            task=StaticTask(node_features=3, fields=4),
            space=3,
            dim=512,
            octaves=4,
            activation="silu",
        )
