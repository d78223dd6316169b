"""What the systems of all rooms have in common: a name, a class and its presets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from graphformers.checkpoint import PretrainedModel, preset_config, preset_names
from graphformers.errors import ConfigError, check_known

SMALL = "small"

Model = TypeVar("Model", bound=PretrainedModel)
Config = TypeVar("Config")


@dataclass(frozen=True, kw_only=True)
class Published(Generic[Model, Config]):
    """A published model by its name on the command line.

    Beside the published configurations it has one called ``"small"``, which the system of a room
    knows how to make.
    """

    name: str
    model: type[Model]
    source: str

    @property
    def presets(self) -> tuple[str, ...]:
        """``"small"`` and the published configurations."""
        return (SMALL, *preset_names(self.model.config_class))

    def published(self, preset: str) -> Config:
        """A published configuration; ``ConfigError`` for a name that the system does not have."""
        check_known(preset, self.presets, f"{self.name} has no preset")
        return preset_config(self.model.config_class, preset)

    def check(self, config: Config | None) -> None:
        """Raise ``ConfigError`` for a configuration of another model."""
        expected = self.model.config_class
        if config is not None and not isinstance(config, expected):
            raise ConfigError(
                f"the architecture of {self.name} is a {expected.__name__}; "
                f"got a {type(config).__name__}"
            )

    def build(self, config: Config) -> Model:
        """The model of a configuration, with fresh weights; ``ConfigError`` for another's."""
        self.check(config)
        return cast("Callable[[Config], Model]", self.model)(config)
