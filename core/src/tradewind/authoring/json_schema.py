"""JSON Schema (draft 2020-12) for params: which keyword a value does not fit, and where in it.

All keywords that assert something are checked, but for three that need more than the value: a `$ref` that leads out of the
schema, and `unevaluatedItems` and `unevaluatedProperties`; those are refused when the param is made. Any other keyword says
something to people or forms, and is kept.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tradewind_plugins.exceptions import ParamValidationError


class Misfit(NamedTuple):
    """What a value does not fit: a keyword and what it says, and the place in the value; empty for the value itself."""

    keyword: str
    expected: Any
    place: str
    value: Any


Schema = Any
Found = Iterator[Misfit]


def is_number(value: Any) -> bool:
    """Tell whether a value is a number of JSON."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and float(value).is_integer(),
    "number": is_number,
    "string": lambda value: isinstance(value, str),
    "array": _is_list,
    "object": lambda value: isinstance(value, Mapping),
}
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


def _matching(pattern: str) -> Callable[[str], Any]:
    compiled = re.compile(pattern)

    def check(text: str) -> None:
        if not compiled.fullmatch(text):
            raise ValueError(text)

    return check


def _uri(text: str) -> None:
    if not urlsplit(text).scheme or re.search(r"\s", text):
        raise ValueError(text)


# Format -> raises ValueError for a text that has it not. Other formats say something to forms only, as `multiline`.
_FORMATS: dict[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "date-time": lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")),
    "duration": _matching(r"P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?!$)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?"),
    "email": _matching(r"[^@\s]+@[^@\s]+"),
    "hostname": _matching(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*"),
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "json-pointer": _matching(r"(/([^~/]|~[01])*)*"),
    "regex": re.compile,
    "time": lambda text: time.fromisoformat(text.replace("Z", "+00:00")),
    "uri": _uri,
    "uuid": lambda text: uuid.UUID(_dashed(text)),
}


def _dashed(text: str) -> str:
    if text.count("-") != 4:
        raise ValueError(text)
    return text


def _fits_format(value: Any, name: Any) -> bool:
    check = _FORMATS.get(name)
    if check is None or not isinstance(value, str):
        return True
    try:
        check(value)
    except (ValueError, re.error):
        return False
    return True


def _same(one: Any, other: Any) -> bool:
    """Tell whether two values are one in JSON, where true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _is_multiple(value: Any, step: Any) -> bool:
    quotient: float = value / step
    return abs(quotient - round(quotient)) < 1e-9 * max(1.0, abs(quotient))


def _is_unique(values: Any) -> bool:
    return not any(_same(one, other) for place, one in enumerate(values) for other in values[:place])


def _names(wanted: Any) -> list[str]:
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _of_text(check: Callable[[str, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, said: not isinstance(value, str) or check(value, said)


def _of_number(check: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, said: not is_number(value) or check(value, said)


def _of_list(check: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, said: not _is_list(value) or check(value, said)


def _of_object(check: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, said: not isinstance(value, Mapping) or check(value, said)


# Keyword -> does the value fit? A keyword says nothing about values of other types.
_SIMPLE: dict[str, Callable[[Any, Any], bool]] = {
    "type": lambda value, wanted: any(_TYPES[name](value) for name in _names(wanted)),
    "enum": lambda value, allowed: any(_same(value, each) for each in allowed),
    "const": _same,
    "minimum": _of_number(lambda value, least: value >= least),
    "maximum": _of_number(lambda value, most: value <= most),
    "exclusiveMinimum": _of_number(lambda value, bound: value > bound),
    "exclusiveMaximum": _of_number(lambda value, bound: value < bound),
    "multipleOf": _of_number(_is_multiple),
    "minLength": _of_text(lambda value, least: len(value) >= least),
    "maxLength": _of_text(lambda value, most: len(value) <= most),
    "pattern": _of_text(lambda value, pattern: re.search(pattern, value) is not None),
    "format": _fits_format,
    "minItems": _of_list(lambda value, least: len(value) >= least),
    "maxItems": _of_list(lambda value, most: len(value) <= most),
    "uniqueItems": _of_list(lambda value, wanted: not wanted or _is_unique(value)),
    "minProperties": _of_object(lambda value, least: len(value) >= least),
    "maxProperties": _of_object(lambda value, most: len(value) <= most),
    "required": _of_object(lambda value, names: all(name in value for name in names)),
    "dependentRequired": _of_object(
        lambda value, said: all(name in value for key, names in said.items() if key in value for name in names)
    ),
}
_REFUSED = ("unevaluatedItems", "unevaluatedProperties", "$dynamicRef")
_FOR_PEOPLE = (
    "title",
    "description",
    "description_md",
    "section",
    "examples",
    "values_display",
    "default",
    "deprecated",
    "custom_html_form",
)


class _Checker:
    """Checks values against the parts of one schema."""

    def __init__(self, root: Schema) -> None:
        self._root = root

    def misfits(self, value: Any, schema: Schema, place: str) -> Found:
        """Yield what a value does not fit, in the order of the keywords."""
        if isinstance(schema, bool):
            if not schema:
                yield Misfit("false", False, place, value)
            return
        for keyword, said in schema.items():
            simple = _SIMPLE.get(keyword)
            if simple is not None:
                if not simple(value, said):
                    yield Misfit(keyword, said, place, value)
            elif keyword in _NESTED:
                yield from _NESTED[keyword](self, value, said, schema, place)

    def fits(self, value: Any, schema: Schema) -> bool:
        """Tell whether a value fits."""
        return next(self.misfits(value, schema, ""), None) is None

    def items(self, value: Any, said: Schema, schema: Schema, place: str) -> Found:
        """Items behind those of `prefixItems`."""
        if _is_list(value):
            for number in range(len(schema.get("prefixItems", ())), len(value)):
                yield from self.misfits(value[number], said, f"{place}/{number}")

    def prefix(self, value: Any, said: Any, _schema: Schema, place: str) -> Found:
        """The first items, each by its own schema."""
        for number, (item, each) in enumerate(zip(value, said, strict=False) if _is_list(value) else ()):
            yield from self.misfits(item, each, f"{place}/{number}")

    def contains(self, value: Any, said: Schema, schema: Schema, place: str) -> Found:
        """Some items, by `minContains` and `maxContains` how many."""
        if _is_list(value):
            count = sum(self.fits(item, said) for item in value)
            if not schema.get("minContains", 1) <= count <= schema.get("maxContains", len(value)):
                yield Misfit("contains", said, place, value)

    def properties(self, value: Any, said: Mapping[str, Schema], _schema: Schema, place: str) -> Found:
        """Named values of an object."""
        for name, each in said.items() if isinstance(value, Mapping) else ():
            if name in value:
                yield from self.misfits(value[name], each, f"{place}/{name}")

    def patterns(self, value: Any, said: Mapping[str, Schema], _schema: Schema, place: str) -> Found:
        """Values of an object whose names match."""
        for pattern, each in said.items() if isinstance(value, Mapping) else ():
            for name in value:
                if re.search(pattern, name):
                    yield from self.misfits(value[name], each, f"{place}/{name}")

    def additional(self, value: Any, said: Schema, schema: Schema, place: str) -> Found:
        """Values of an object that neither `properties` nor `patternProperties` speak of."""
        for name in value if isinstance(value, Mapping) else ():
            known = name in schema.get("properties", {})
            if known or any(re.search(pattern, name) for pattern in schema.get("patternProperties", {})):
                continue
            if said is False:
                yield Misfit("additionalProperties", said, f"{place}/{name}", value[name])
            else:
                yield from self.misfits(value[name], said, f"{place}/{name}")

    def names(self, value: Any, said: Schema, _schema: Schema, place: str) -> Found:
        """The names of an object's values."""
        for name in value if isinstance(value, Mapping) else ():
            yield from self.misfits(name, said, place)

    def dependent(self, value: Any, said: Mapping[str, Schema], _schema: Schema, place: str) -> Found:
        """What holds of an object that has a name."""
        for name, each in said.items() if isinstance(value, Mapping) else ():
            if name in value:
                yield from self.misfits(value, each, place)

    def all_of(self, value: Any, said: Any, _schema: Schema, place: str) -> Found:
        """Every schema."""
        for each in said:
            yield from self.misfits(value, each, place)

    def any_of(self, value: Any, said: Any, _schema: Schema, place: str) -> Found:
        """One schema, or more."""
        if not any(self.fits(value, each) for each in said):
            yield Misfit("anyOf", said, place, value)

    def one_of(self, value: Any, said: Any, _schema: Schema, place: str) -> Found:
        """Exactly one schema."""
        if sum(self.fits(value, each) for each in said) != 1:
            yield Misfit("oneOf", said, place, value)

    def not_(self, value: Any, said: Schema, _schema: Schema, place: str) -> Found:
        """Not this schema."""
        if self.fits(value, said):
            yield Misfit("not", said, place, value)

    def if_(self, value: Any, said: Schema, schema: Schema, place: str) -> Found:
        """One of two schemas, by a third."""
        chosen = "then" if self.fits(value, said) else "else"
        if chosen in schema:
            yield from self.misfits(value, schema[chosen], place)

    def ref(self, value: Any, said: str, _schema: Schema, place: str) -> Found:
        """Another part of the schema."""
        yield from self.misfits(value, resolved(self._root, said), place)


_NESTED: dict[str, Callable[[_Checker, Any, Any, Schema, str], Found]] = {
    "$ref": _Checker.ref,
    "items": _Checker.items,
    "prefixItems": _Checker.prefix,
    "contains": _Checker.contains,
    "properties": _Checker.properties,
    "patternProperties": _Checker.patterns,
    "additionalProperties": _Checker.additional,
    "propertyNames": _Checker.names,
    "dependentSchemas": _Checker.dependent,
    "allOf": _Checker.all_of,
    "anyOf": _Checker.any_of,
    "oneOf": _Checker.one_of,
    "not": _Checker.not_,
    "if": _Checker.if_,
}
_BESIDE = (
    "then",
    "else",
    "minContains",
    "maxContains",
    "$defs",
    "definitions",
    "$schema",
    "$id",
    "$comment",
    "$anchor",
)
KEYWORDS = (*_SIMPLE, *_NESTED, *_BESIDE, *_FOR_PEOPLE)


def first_misfit(value: Any, schema: Schema) -> Misfit | None:
    """Return the first thing in a value that does not fit its schema; None for a value that fits."""
    return next(_Checker(schema).misfits(value, schema, ""), None)


def resolved(root: Schema, reference: str) -> Schema:
    """Return the part of a schema that a `$ref` names.

    Raises:
        ParamValidationError: it leads out of the schema, or to nothing.
    """
    part: Any = root if reference.startswith("#") else None
    try:
        for key in reference.partition("#")[2].split("/")[1:]:
            name = key.replace("~1", "/").replace("~0", "~")
            part = part[int(name)] if _is_list(part) else part[name]
    except (KeyError, IndexError, ValueError, TypeError):
        part = None
    if part is None:
        raise ParamValidationError(
            f"Param: $ref {reference!r} names no part of its own schema, as '#/$defs/name' does."
        )
    return part


def check_schema(schema: Schema, root: Schema = None) -> None:
    """Return if a schema can be checked.

    Raises:
        ParamValidationError: it has a keyword that is not supported or looks misspelt, or an unknown type.
    """
    root = schema if root is None else root
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise ParamValidationError(f"Param: {schema!r} is no JSON schema; give a dict.")
    for keyword, said in schema.items():
        _check_keyword(keyword, said, root)
        for part in _parts(keyword, said):
            check_schema(part, root)


def _check_keyword(keyword: str, said: Any, root: Schema) -> None:
    if keyword in _REFUSED:
        raise ParamValidationError(f"Param: the schema keyword {keyword!r} is not supported; say it another way.")
    if keyword not in KEYWORDS:
        near = get_close_matches(keyword, KEYWORDS, n=1, cutoff=0.85)
        if near:
            raise ParamValidationError(f"Param: there is no schema keyword {keyword!r}; did you mean {near[0]!r}?")
    if keyword == "$ref":
        resolved(root, said)
    for name in _names(said) if keyword == "type" else ():
        if name not in _TYPES:
            raise ParamValidationError(f"{name!r} is not a type of JSON; choose from {', '.join(_TYPES)}.")


def _parts(keyword: str, said: Any) -> Iterator[Schema]:
    """Yield the schemas inside of a keyword's value."""
    if keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
        yield from said
    elif keyword in ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"):
        yield from said.values()
    elif keyword in ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"):
        yield said
