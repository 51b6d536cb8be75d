"""Params: values of a run that the trigger form or ``--conf`` can change, checked against a small JSON schema.

The keywords of ``Param(5, type="integer", minimum=1)`` are kept as they are. Those in ``_CHECKS`` are checked, those in
``_ANNOTATIONS`` are shown, and any other is refused: a check that silently does nothing would be worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from tradewind_plugins.exceptions import ParamValidationError

_MISSING: Any = object()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, (list, tuple)),
    "object": lambda value: isinstance(value, Mapping),
}

_FORMATS: dict[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "date-time": lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")),
    "time": time.fromisoformat,
}


def _fits_type(value: Any, wanted: Any) -> bool:
    return any(_TYPES[name](value) for name in _type_names(wanted))


def _type_names(wanted: Any) -> list[str]:
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in _TYPES:
            raise ParamValidationError(f"{name!r} is not a type of JSON; choose from {', '.join(_TYPES)}.")
    return names


def _fits_format(value: Any, name: str) -> bool:
    if not isinstance(value, str) or name not in _FORMATS:
        return True
    try:
        _FORMATS[name](value)
    except ValueError:
        return False
    return True


def _fits_items(value: Any, schema: Mapping[str, Any]) -> bool:
    return not isinstance(value, (list, tuple)) or all(first_failure(item, schema) is None for item in value)


# Keyword -> does the value fit? A keyword says nothing about values of other types, as in JSON Schema.
_CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "type": _fits_type,
    "enum": lambda value, allowed: value in allowed,
    "const": lambda value, only: value == only,
    "minimum": lambda value, least: not _is_number(value) or value >= least,
    "maximum": lambda value, most: not _is_number(value) or value <= most,
    "exclusiveMinimum": lambda value, bound: not _is_number(value) or value > bound,
    "exclusiveMaximum": lambda value, bound: not _is_number(value) or value < bound,
    "multipleOf": lambda value, step: not _is_number(value) or float(value / step).is_integer(),
    "minLength": lambda value, least: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda value, most: not isinstance(value, str) or len(value) <= most,
    "pattern": lambda value, regex: not isinstance(value, str) or re.search(regex, value) is not None,
    "format": _fits_format,
    "items": _fits_items,
    "minItems": lambda value, least: not isinstance(value, (list, tuple)) or len(value) >= least,
    "maxItems": lambda value, most: not isinstance(value, (list, tuple)) or len(value) <= most,
}
_ANNOTATIONS = frozenset(
    ("title", "description", "description_md", "section", "examples", "values_display", "default", "$comment")
)


def first_failure(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Return the first keyword of ``schema`` that ``value`` does not fit, or None."""
    for keyword, expected in schema.items():
        check = _CHECKS.get(keyword)
        if check is not None and not check(value, expected):
            return keyword
    return None


class Param:
    """A value of a run with its default and its schema.

    Args:
        default: the value of a run that gives none; left out, every run must give one.
        description: what it is for, shown in the trigger form.
        schema: JSON Schema keywords, for instance ``type="integer"``, ``minimum=1``, ``enum=[...]``.

    Raises ``ParamValidationError`` for a schema keyword that is not checked here.
    """

    __slots__ = ("default", "description", "schema")

    def __init__(self, default: Any = _MISSING, description: str | None = None, **schema: Any) -> None:
        nested = schema.pop("schema", None)
        self.default = default
        self.description = description
        self.schema: dict[str, Any] = {**(nested or {}), **schema}
        unknown = [name for name in self.schema if name not in _CHECKS and name not in _ANNOTATIONS]
        if unknown:
            raise ParamValidationError(
                f"Param: the schema keyword {unknown[0]!r} is not supported; checked are {', '.join(_CHECKS)}."
            )

    @property
    def has_default(self) -> bool:
        """Whether a run may leave the value out."""
        return self.default is not _MISSING

    @property
    def value(self) -> Any:
        """The default; None if there is none."""
        return self.default if self.has_default else None

    def resolve(self, value: Any = _MISSING, name: str = "param") -> Any:
        """Return ``value``, or the default, after checking it.

        Raises:
            ParamValidationError: neither is there, or it does not fit the schema.
        """
        chosen = self.default if value is _MISSING else value
        if chosen is _MISSING:
            raise ParamValidationError(f"Param {name!r} has no default, so the run must give it a value.")
        keyword = first_failure(chosen, self.schema)
        if keyword is not None:
            raise ParamValidationError(
                f"Param {name!r}: {chosen!r} does not fit {keyword} = {self.schema[keyword]!r} of its schema."
            )
        return chosen

    def to_spec(self) -> dict[str, Any]:
        """Return the param as plain values."""
        spec: dict[str, Any] = {"schema": self.schema}
        if self.has_default:
            spec["default"] = self.default
        if self.description is not None:
            spec["description"] = self.description
        return spec

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Param:
        """Return the param that :meth:`to_spec` has described."""
        return cls(spec.get("default", _MISSING), spec.get("description"), **spec.get("schema", {}))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Param) and self.to_spec() == other.to_spec()

    def __hash__(self) -> int:
        return hash((self.description, tuple(sorted(self.schema))))

    def __repr__(self) -> str:
        return f"Param({self.value!r}, schema={self.schema!r})"


def as_params(values: Mapping[str, Any] | None) -> dict[str, Param]:
    """Return ``values`` with every plain value made a :class:`Param` without a schema."""
    return {name: value if isinstance(value, Param) else Param(value) for name, value in (values or {}).items()}


def resolve_params(params: Mapping[str, Param], conf: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the values of a run: what ``conf`` gives, else the defaults; keys that are no params are passed on.

    Raises:
        ParamValidationError: a value is missing or does not fit.
    """
    given = dict(conf or {})
    resolved = {name: param.resolve(given.pop(name, _MISSING), name) for name, param in params.items()}
    return {**resolved, **given}
