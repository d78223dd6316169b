"""Values worked out once and kept on the object."""

from collections.abc import Callable
from typing import Generic, TypeVar, overload

Owner = TypeVar("Owner")
Value = TypeVar("Value")


class kept(Generic[Owner, Value]):
    """A property worked out on first use and kept, on a frozen dataclass too.

    ``functools.cached_property`` takes a lock before Python 3.12, and ``torch.compile`` cannot
    trace locks.
    """

    def __init__(self, function: Callable[[Owner], Value]):
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "kept[Owner, Value]": ...

    @overload
    def __get__(self, instance: Owner, owner: type) -> Value: ...

    def __get__(self, instance: Owner | None, owner: type) -> "Value | kept[Owner, Value]":
        if instance is None:
            return self
        value = self.function(instance)
        object.__setattr__(instance, self.name, value)  # found before this descriptor from now on
        return value
