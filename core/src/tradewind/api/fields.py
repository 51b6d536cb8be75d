"""Kinds of values that requests and answers are made of, beside marshmallow's own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timezone
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from tradewind.metadata.tables import EPOCH
from tradewind.operations.starring import STARS

LARGEST = 2**31 - 1
LONGEST_NAME = 250
LONGEST_TEXT = 10_000
DEEPEST = 40


class Instant(fields.Field[Any]):
    """An instant, in ISO 8601 with its zone; given back in UTC."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(timezone.utc).isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise ma.ValidationError("Not a text: write an instant such as 2026-11-23T12:00:00+00:00.")
        try:
            # A plus sign that a client forgot to encode in a URL arrives as a blank
            instant = datetime.fromisoformat(value.strip().replace(" 0", "+0") if "T" in value else value.strip())
        except ValueError as error:
            raise ma.ValidationError(
                f"{value[:50]!r} is no instant: write one such as 2026-11-23T12:00:00+00:00."
            ) from error
        if instant.tzinfo is None:
            raise ma.ValidationError(f"{value[:50]!r} has no time zone: add one, such as Z or +00:00.")
        if not EPOCH.year <= instant.year < 9999:
            raise ma.ValidationError(f"{value[:50]!r} is out of range: years go from {EPOCH.year} to 9998.")
        return instant.astimezone(timezone.utc)


class Made(fields.Function):
    """A value of an answer that is made of an operation's result.

    Arguments:
        make: makes it.
        attribute: where the result has what it is made of, with dots between; by default under the field's name.
        reads: makes that of the value again, for who reads the answer as the operation's result; by default it is the same.
        null: what the result has where the value is null.
    """

    def __init__(
        self, make: Callable[[Any], Any], *, reads: Callable[[Any], Any] | None = None, null: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(make, **kwargs)
        self.reads = reads
        self.null = null


class Json(fields.Field[Any]):
    """Any JSON value, nested at most 40 deep."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return value


class JsonObject(fields.Field[Any]):
    """A JSON object, nested at most 40 deep."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise ma.ValidationError('Not an object: write {"name": value, …}.')
        return value


class Name(fields.String):
    """A text without control characters.

    Arguments:
        longest: characters that it has at most; one at least.
    """

    def __init__(self, *, longest: int = LONGEST_NAME, **kwargs: Any) -> None:
        rules = [validate.Length(1, longest), _printable]
        super().__init__(**{"validate": rules, **kwargs})


class Text(fields.String):
    """A text of any kind without NUL characters.

    Arguments:
        longest: characters that it has at most.
    """

    def __init__(self, *, longest: int = LONGEST_TEXT, **kwargs: Any) -> None:
        rules = [validate.Length(0, longest), _printable]
        super().__init__(**{"validate": rules, **kwargs})


class Whole(fields.Integer):
    """A whole number from a smallest to a largest one; `true` and `1.0` are none."""

    def __init__(self, *, smallest: int = 0, largest: int = LARGEST, **kwargs: Any) -> None:
        super().__init__(**{"strict": True, "validate": validate.Range(smallest, largest), **kwargs})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            raise ma.ValidationError("Not a valid integer.")
        return super()._deserialize(value, attr, data, **kwargs)


class Flag(fields.Boolean):
    """True or false; in a body nothing else, such as 1 or "yes", in a query the words for it."""

    strict = True

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if self.strict and not isinstance(value, bool):
            raise ma.ValidationError("Not a valid boolean: write true or false.")
        return super()._deserialize(value, attr, data, **kwargs)


class Hidden(fields.Boolean):
    """Whether there is a secret, which is not shown: true or false in answers, stars or None in results."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> bool:
        return bool(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return STARS if value else None


class Unwrapped(fields.List[Any]):
    """A list of objects, as Airflow writes them, that operations take and give as plain values.

    Arguments:
        schema: of an object.
        take: the value of an object that was read.
        make: the object of a value.
    """

    def __init__(
        self, schema: type[ma.Schema], *, take: Callable[[Any], Any], make: Callable[[Any], Any], **kwargs: Any
    ) -> None:
        super().__init__(fields.Nested(schema), **kwargs)
        self.take, self.make = take, make

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any] | None:
        return None if value is None else [self.make(each) for each in value]

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        return [self.take(each) for each in super()._deserialize(value, attr, data, **kwargs)]


class Words(fields.Field[Any]):
    """Texts, separated by commas or given several times."""

    def __init__(self, *, choices: Collection[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[str]:
        given = value if isinstance(value, list) else [value]
        words = [word.strip() for each in given for word in str(each).split(",") if word.strip()]
        if not words:
            raise ma.ValidationError("Empty: name one, or leave it out.")
        for word in words:
            _printable(word)
            if self.choices is not None and word not in self.choices:
                raise ma.ValidationError(f"There is no {word[:50]!r}: choose from {', '.join(sorted(self.choices))}.")
        return words


def _printable(text: str) -> None:
    if "\x00" in text:
        raise ma.ValidationError("A NUL character cannot be stored.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ma.ValidationError("Half a character (a surrogate without its other half) cannot be stored.")
