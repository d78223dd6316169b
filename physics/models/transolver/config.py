"""Sizes of a Transolver."""

from dataclasses import dataclass, field

from graphformers.errors import ConfigError
from graphformers.physics.models.task import StaticTask, TransientTask, check_at_least


@dataclass(frozen=True, kw_only=True)
class TransolverConfig:
    """Sizes of a Transolver; ``task`` says what goes in and what comes out.

    ``feed_forward`` is the inner width of the feed-forward step in multiples of ``dim``. A slice
    is divided by its weight plus ``epsilon``; the temperatures are clamped to
    ``temperature_range`` where there is one.

    With ``grid``, the number of points along every axis, all cases are grids whose points come row
    by row, the last axis fastest; the points are then read through convolutions of width 3. The
    published model for grids has the temperature range (0.1, 5).

    With ``reference_points``, points also read their distance to so many points along every axis
    of ``reference_box``, the lowest and the highest coordinate of each axis.
    """

    task: StaticTask | TransientTask = field(default_factory=StaticTask)
    space: int = 2
    dim: int = 256
    heads: int = 8
    slices: int = 32
    blocks: int = 8
    feed_forward: int = 2
    dropout: float = 0.0
    epsilon: float = 1e-5
    temperature_range: tuple[float, float] | None = None
    grid: tuple[int, ...] | None = None
    reference_points: int = 0
    reference_box: tuple[tuple[float, float], ...] | None = None

    def __post_init__(self) -> None:
        sizes = ("dim", "heads", "slices", "blocks", "feed_forward")
        check_at_least(self, reference_points=0, **dict.fromkeys(sizes, 1))
        if self.space not in (2, 3):
            raise ConfigError(f"space must be 2 or 3; got {self.space}")
        if self.dim % self.heads:
            raise ConfigError(f"dim must be a multiple of heads; got {self.dim} and {self.heads}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must lie in [0, 1); got {self.dropout}")
        if self.epsilon < 0:
            raise ConfigError(f"epsilon must not be negative; got {self.epsilon}")
        span = self.temperature_range
        if span is not None and not 0 < span[0] <= span[1]:
            raise ConfigError(f"temperature_range must ascend from above 0; got {span}")
        self._check_axes()

    def _check_axes(self) -> None:
        grid, box = self.grid, self.reference_box
        if grid is not None and (len(grid) != self.space or min(grid) < 1):
            raise ConfigError(f"grid must have {self.space} sizes of at least 1; got {grid}")
        if (box is None) != (self.reference_points == 0):
            raise ConfigError("reference_points and reference_box need one another")
        if box is not None and (len(box) != self.space or any(low >= high for low, high in box)):
            raise ConfigError(f"reference_box must have {self.space} ascending pairs; got {box}")

    @classmethod
    def shapenet_car(cls) -> "TransolverConfig":
        """Flow around cars, Wu et al. 2024: velocity and pressure from distance and normal."""
        return cls(task=StaticTask(node_features=4, fields=4), space=3)

    @classmethod
    def airfrans(cls) -> "TransolverConfig":
        """Flow around airfoils, Wu et al. 2024: u, v, p and turbulent viscosity.

        From the free-stream velocity, the distance to the wall and its normal at every point.
        """
        return cls(task=StaticTask(node_features=5, fields=4))

    @classmethod
    def drivaerml_surface(cls) -> "TransolverConfig":
        """Pressure and wall shear on cars: sizes and numerics of NVIDIA PhysicsNeMo's recipe."""
        return cls(
            task=StaticTask(node_features=3, fields=4),
            space=3,
            slices=256,
            feed_forward=4,
            epsilon=1e-2,
            temperature_range=(0.5, 5.0),
        )
