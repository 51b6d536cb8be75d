"""The frozen value that everything crossing the seam is made of.

Subclasses list their fields as class annotations, the way a dataclass does, and type checkers read them as frozen,
keyword-only dataclasses:

    class Point(Value):
        x: int
        y: int = 0

It is our own, and small, because the same source also runs on Python 3.6 (see the backport builder), whose standard
library has no dataclasses.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Callable[[type], type]:
        """Return the decorator that type checkers read; at run time it changes nothing."""
        return lambda cls: cls


__all__ = ["REDACTED", "Value", "field"]

REDACTED = "***"
"""What stands in a repr where the value is a secret."""

T = TypeVar("T")
V = TypeVar("V", bound="Value")


class _Missing:
    """The type of the mark for "no default was given"."""

    def __repr__(self) -> str:
        return "<missing>"


_MISSING = _Missing()


class _Field:
    """What is known of one field: its default, or the maker of its default, and whether it is a secret."""

    __slots__ = ("default", "default_factory", "secret")

    def __init__(self, default: Any = _MISSING, default_factory: Any = None, secret: bool = False) -> None:
        self.default = default
        self.default_factory = default_factory
        self.secret = secret

    @property
    def required(self) -> bool:
        return self.default is _MISSING and self.default_factory is None

    def make_default(self) -> Any:
        return self.default if self.default_factory is None else self.default_factory()


@overload
def field(*, secret: bool = False) -> Any: ...
@overload
def field(*, default: T, secret: bool = False) -> T: ...
@overload
def field(*, default_factory: Callable[[], T], secret: bool = False) -> T: ...


def field(*, default: Any = _MISSING, default_factory: Any = None, secret: bool = False) -> Any:
    """Describe a field of a `Value` that needs more than a plain default.

    Args:
        default: The value when the argument is left out.
        default_factory: Called without arguments for each new value when the argument is left out; for mappings and
            lists.
        secret: Hide the value in `repr`.

    Raises:
        TypeError: Both `default` and `default_factory` are given.
    """
    if default is not _MISSING and default_factory is not None:
        raise TypeError("field() takes either default or default_factory, not both")
    return _Field(default, default_factory, secret)


def _own_annotations(cls: type) -> Mapping[str, Any]:
    own = vars(cls).get("__annotations__")
    if own is None and sys.version_info >= (3, 14):
        own = cls.__annotations__  # computed on demand there when the module does not postpone its annotations
    return own or {}


def _is_class_variable(annotation: Any) -> bool:
    text = annotation if isinstance(annotation, str) else str(annotation)
    return text.startswith(("ClassVar", "typing.ClassVar"))


def _as_field(cls: type, name: str, declared: Any) -> _Field:
    if isinstance(declared, _Field):
        return declared
    if isinstance(declared, (list, dict, set)):
        raise TypeError(
            f"{cls.__name__}.{name} has a mutable default, which all its values would share; "
            f"write field(default_factory={type(declared).__name__})"
        )
    return _Field(declared)


def _plain(value: Any) -> Any:
    if isinstance(value, Value):
        return value.to_dict()
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(_plain(item) for item in value) if not isinstance(value, (set, frozenset)) else value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Value:
    """A frozen value: keyword arguments, defaults, equality by type and fields, hash, repr without secrets.

    A subclass may define `__post_init__(self) -> None` to check its fields; there, and only there, `self._set(name,
    value)` normalises one.

    Raises:
        TypeError: A required field is missing, or an argument is not a field.
        AttributeError: A field is assigned or deleted later.
    """

    __fields__: ClassVar[Mapping[str, _Field]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        fields = dict(cls.__fields__)
        for name, annotation in _own_annotations(cls).items():
            if _is_class_variable(annotation):
                continue
            fields[name] = _as_field(cls, name, vars(cls).get(name, _MISSING))
            if name in vars(cls):
                delattr(cls, name)
        cls.__fields__ = fields

    def __init__(self, **values: Any) -> None:
        state = self.__dict__
        for name, spec in self.__fields__.items():
            if name in values:
                state[name] = values.pop(name)
            elif spec.required:
                raise TypeError(f"{type(self).__name__} needs the argument {name!r}")
            else:
                state[name] = spec.make_default()
        if values:
            unknown = ", ".join(sorted(values))
            raise TypeError(f"{type(self).__name__} has no field {unknown}; it has {', '.join(self.__fields__)}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check or normalise the fields; does nothing unless a subclass says otherwise."""

    def _set(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; use replace({name}=...) to make a changed copy")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.__dict__[name] for name in self.__fields__)))

    def __repr__(self) -> str:
        parts = (f"{name}={self._shown(name)}" for name in self.__fields__)
        return f"{type(self).__name__}({', '.join(parts)})"

    def _shown(self, name: str) -> str:
        value = self.__dict__[name]
        return repr(REDACTED) if self.__fields__[name].secret and value is not None else repr(value)

    def replace(self: V, **changes: Any) -> V:
        """Return a copy with some fields changed.

        Raises:
            TypeError: A change names no field.
        """
        state = {name: self.__dict__[name] for name in self.__fields__}
        state.update(changes)
        return type(self)(**state)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a new dict, nested values too.

        Secrets are in it: it is for storing and sending, not for showing.
        """
        return {name: _plain(self.__dict__[name]) for name in self.__fields__}
