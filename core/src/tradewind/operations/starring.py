"""Stars in place of secrets, in what people are shown; and the secrets again in what they send back with the stars."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from tradewind_plugins.declarations import ConnectionType

from tradewind.execution.masking import is_sensitive
from tradewind.plugins.current import registry

STARS = "***"


def starred_variable(key: str, value: str) -> str:
    """Return a variable's value as people may see it: stars under a name that tells of a secret, and inside JSON too."""
    return STARS if is_sensitive(key) else _starred_text(value, frozenset(), otherwise=value)


def starred_extra(conn_type: str, extra: str | None) -> str | None:
    """Return a connection's extra with stars for its secrets; one that is no JSON is stars as a whole."""
    return _starred_text(extra, _declared_secrets(conn_type), otherwise=STARS) if extra else extra


def unstarred_variable(key: str, new: str, old: str | None) -> str:
    """Return a value that somebody sends, with the secrets of the old one where it has nothing but their stars."""
    if old is None:
        return new
    if is_sensitive(key):
        return old if new == STARS else new
    return _unstarred_text(new, old, frozenset())


def unstarred_extra(conn_type: str, new: str | None, old: str | None) -> str | None:
    """Return an extra that somebody sends, with the secrets of the old one where it has nothing but their stars."""
    if not new or not old:
        return new
    return old if new == STARS else _unstarred_text(new, old, _declared_secrets(conn_type))


def stars_in_variable(value: str) -> bool:
    """Tell whether a variable has stars where its secret should be."""
    return value == STARS or _has_stars(_parsed(value), frozenset())


def stars_in_extra(conn_type: str, extra: str | None) -> bool:
    """Tell whether a connection's extra has stars where a secret should be."""
    return bool(extra) and (extra == STARS or _has_stars(_parsed(extra or ""), _declared_secrets(conn_type)))


def _declared_secrets(conn_type: str) -> frozenset[str]:
    """Return the fields that a connection type declares as secret, whatever they are called."""
    found = next((each for each in registry().all("connection type") if each.name == conn_type), None)
    parts = found.fields if isinstance(found, ConnectionType) else ()
    return frozenset(part.name for part in parts if part.secret)


def _starred_text(text: str, names: Collection[str], *, otherwise: str) -> str:
    value = _parsed(text)
    if not isinstance(value, dict | list):
        return otherwise
    shown = _starred(value, names)
    return text if shown == value else json.dumps(shown, ensure_ascii=False)


def _unstarred_text(new: str, old: str, names: Collection[str]) -> str:
    given = _parsed(new)
    if not isinstance(given, dict | list):
        return new
    whole = _unstarred(given, _parsed(old), names)
    return new if whole == given else json.dumps(whole, ensure_ascii=False)


def _starred(value: Any, names: Collection[str], *, is_secret: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key: _starred(each, names, is_secret=is_secret or key in names or is_sensitive(key))
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_starred(each, names, is_secret=is_secret) for each in value]
    return STARS if is_secret and value not in (None, "") else value


def _unstarred(new: Any, old: Any, names: Collection[str], *, is_secret: bool = False) -> Any:
    if isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        return {
            key: _unstarred(each, before.get(key), names, is_secret=is_secret or key in names or is_sensitive(key))
            for key, each in new.items()
        }
    if isinstance(new, list):
        were = old if isinstance(old, list) and len(old) == len(new) else [None] * len(new)
        return [_unstarred(each, was, names, is_secret=is_secret) for each, was in zip(new, were, strict=True)]
    return old if is_secret and new == STARS and old is not None else new


def _has_stars(value: Any, names: Collection[str], *, is_secret: bool = False) -> bool:
    if isinstance(value, dict):
        return any(
            _has_stars(each, names, is_secret=is_secret or key in names or is_sensitive(key))
            for key, each in value.items()
        )
    if isinstance(value, list):
        return any(_has_stars(each, names, is_secret=is_secret) for each in value)
    return is_secret and value == STARS


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
