"""Errors a user can act on: each says what must hold, what came and what to do."""

from collections.abc import Iterable


class GraphformersError(Exception):
    """Base of every error this package raises on purpose."""


class ShapeError(GraphformersError, ValueError):
    """Tensors whose shapes or dtypes do not fit together."""


class ConfigError(GraphformersError, ValueError):
    """A setting outside its range, or settings that contradict each other."""


class DataError(GraphformersError, ValueError):
    """A file, table, molecule or mesh that cannot be used as it is."""


class ModelFileError(GraphformersError, ValueError):
    """A model folder that is damaged, of another kind or from a newer version."""


class MissingExtraError(GraphformersError, ImportError):
    """An optional package is not installed, or is and cannot be imported for some ``reason``.

    The message names the extra: ``pip install "graphformers[app]"``.
    """

    def __init__(self, package: str, extra: str, reason: str | None = None):
        state = "not installed" if reason is None else f"installed but cannot be imported: {reason}"
        super().__init__(f'{package} is {state}; pip install "graphformers[{extra}]"')


def check_known(name: str, known: Iterable[str], what: str) -> None:
    """Raise ``ConfigError`` for a name that is not among the known ones; it names the nearest."""
    names = list(known)
    if name not in names:
        raise ConfigError(f"{what} {name!r}{nearest_name(name, names)} (known: {', '.join(names)})")


def nearest_name(name: str, known: list[str]) -> str:
    """``", did you mean 'x'?"`` when one of the known names is close, else an empty string."""
    close = nearest(name, known)
    return "" if close is None else f"; did you mean {close!r}?"


def nearest(name: str, known: list[str], alike: float = 0.5) -> str | None:
    """The known name that is most like this one, if the share they have in common is enough."""
    import difflib

    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=alike)), None)
