"""Several XCom storages under names, and the rules by which a value goes into one of them.

The database keeps with each value where it is: a reference of the default storage as that storage gave it, one of another as
`@name/reference`. So a value is found, and deleted with its run, after the rules have changed.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from tradewind_plugins.contracts.xcom_storage import XComStorage
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.config import Config
from tradewind.plugins.xcoms import check_xcom_storage, open_xcom_storage

log = logging.getLogger(__name__)
DEFAULT: Final = "default"
"""The name of the storage that `plugins.xcom_storage` and `plugins.xcom_location` say."""
TABLE: Final = "table"
VALUE: Final = "value"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_MARK: Final = "@"
_PLACE: Final = frozenset(["storage", "location"])
_RULE: Final = frozenset(["storage", "type", "above"])


class UnknownStorageError(TradewindConfigException):
    """A storage is meant that the settings do not name."""


@dataclass(frozen=True)
class Rule:
    """What sends values to a storage: its name, the kind of value (None for all), and bytes that it has to be above."""

    storage: str
    kind: str | None = None
    above: int = -1

    def holds(self, kind: str, size: int) -> bool:
        """Tell whether it speaks of such a value."""
        return self.kind in (None, kind) and size > self.above


class XComStorages(XComStorage):
    """All storages of an installation, as one: what is put without a word goes to the default.

    Arguments:
        default: of `plugins.xcom_storage`.
        named: what opens each of the others, by its name; called when it is first needed.
        rules: in their order, the first that holds counts.
    """

    def __init__(
        self,
        default: XComStorage,
        named: Mapping[str, Callable[[], XComStorage]] | None = None,
        rules: Sequence[Rule] = (),
    ) -> None:
        self._opened = {DEFAULT: default}
        self._named = dict(named or {})
        self._rules = tuple(rules)

    @property
    def names(self) -> tuple[str, ...]:
        """What tasks and DAGs may name."""
        return (DEFAULT, *sorted(self._named))

    def open_all(self) -> XComStorages:
        """Open every storage now, so that one that cannot be made is told at the start, and return self."""
        for name in self.names:
            self._storage(name, "")
        return self

    def choose(self, wanted: str | None, kind: str, size: int) -> str:
        """Return the name of the storage for a value.

        Arguments:
            wanted: what its task or DAG names, None where neither does: then the rules are asked.
            kind: `TABLE` or `VALUE`.
            size: in bytes.
        Raises:
            UnknownStorageError: the settings do not name it.
        """
        if wanted is not None:
            check_name(wanted, self.names, "the task's xcom_storage")
            return wanted
        return next((rule.storage for rule in self._rules if rule.holds(kind, size)), DEFAULT)

    def put(self, key: str, data: bytes) -> str:
        """See `XComStorage.put`; in the default storage."""
        return self.put_in(DEFAULT, key, data)

    def put_in(self, name: str, key: str, data: bytes) -> str:
        """Store a value in the storage of that name, and return the reference that the database keeps."""
        return _referring(name, self._storage(name, key).put(key, data))

    def put_file(self, key: str, path: Path) -> str:
        """See `XComStorage.put_file`; in the default storage."""
        return self.put_file_in(DEFAULT, key, path)

    def put_file_in(self, name: str, key: str, path: Path) -> str:
        """Store the content of a file in the storage of that name, and return the reference that the database keeps."""
        return _referring(name, self._storage(name, key).put_file(key, path))

    def get(self, reference: str) -> bytes:
        """See `XComStorage.get`. Raises UnknownStorageError where its storage is named no more."""
        storage, own = self._of(reference)
        return storage.get(own)

    def get_file(self, reference: str, path: Path) -> None:
        """See `XComStorage.get_file`. Raises UnknownStorageError where its storage is named no more."""
        storage, own = self._of(reference)
        storage.get_file(own, path)

    def delete(self, reference: str) -> None:
        """See `XComStorage.delete`. Raises UnknownStorageError where its storage is named no more."""
        storage, own = self._of(reference)
        storage.delete(own)

    def references(self) -> Iterator[str]:
        """See `XComStorage.references`: those of all storages that can tell; of the others the log has the names.

        One that fails is told of after all others, with its own error.
        """
        parts: list[tuple[str, Iterator[str]]] = []
        untold: list[str] = []
        for name in self.names:
            try:
                told = iter(self._storage(name, "").references())
            except NotImplementedError:
                untold.append(name)
            else:
                parts.append((name, told))
        if not parts:
            raise NotImplementedError(f"none of the XCom storages {', '.join(untold)} can list what it holds")
        if untold:
            log.info("what nothing refers to stays in XCom storages that cannot list it: %s", ", ".join(untold))
        return _one_by_one(parts)

    def _of(self, reference: str) -> tuple[XComStorage, str]:
        name, own = split(reference)
        return self._storage(name, reference), own

    def _storage(self, name: str, reference: str) -> XComStorage:
        found = self._opened.get(name)
        if found is None:
            if name not in self._named:
                raise UnknownStorageError(
                    f"the XCom {reference!r} is in the storage {name!r}, which plugins.xcom_storages does not name; it names "
                    f"{_listed(self._named)}. Name it there again, with the location that it had"
                )
            found = self._opened[name] = self._named[name]()
        return found


def _one_by_one(parts: Iterable[tuple[str, Iterator[str]]]) -> Iterator[str]:
    failures: list[Exception] = []
    for name, told in parts:
        try:
            for own in told:
                yield _referring(name, own)
        except Exception as error:  # noqa: BLE001  (a plugin's storage that cannot be reached: the others go on)
            log.warning("the XCom storage %s could not be listed: %s", name, error)
            failures.append(error)
    if failures:
        raise failures[0]


def split(reference: str) -> tuple[str, str]:
    """Return the name of the storage that a reference of the database leads to, and that storage's own reference."""
    if not reference.startswith(_MARK):
        return DEFAULT, reference
    name, _, own = reference[len(_MARK) :].partition("/")
    return name or DEFAULT, own


def _referring(name: str, own: str) -> str:
    if name != DEFAULT:
        return f"{_MARK}{name}/{own}"
    return f"{_MARK}/{own}" if own.startswith(_MARK) else own


def open_xcom_storages(config: Config) -> XComStorages:
    """Return the storages of an installation.

    Raises:
        TradewindConfigException: no plugin declares one of them, or a setting cannot be read; names it.
    """
    default = open_xcom_storage(config.plugins.xcom_storage, config.plugins.xcom_location)
    places = _places(config)
    for name, (storage, _) in places.items():
        check_xcom_storage(storage, f"plugins.xcom_storages: {name}")
    named = {name: partial(_open_named, name, *place) for name, place in places.items()}
    return XComStorages(default, named, _rules(config, (DEFAULT, *sorted(places))))


def _open_named(name: str, storage: str, location: str) -> XComStorage:
    try:
        return open_xcom_storage(storage, location)
    except TradewindConfigException as error:  # the storage believes that its location is the default's
        raise TradewindConfigException(f"plugins.xcom_storages: {name} cannot be opened: {error}") from error


def storage_names(text: str) -> tuple[str, ...]:
    """Return the names that the setting `plugins.xcom_storages` allows; `default` is always one.

    Raises:
        TradewindConfigException: it cannot be read.
    """
    return DEFAULT, *sorted(_read_places(text))


def check_name(name: str, known: Iterable[str], whose: str) -> None:
    """Refuse a name that the settings do not have.

    Arguments:
        known: see `storage_names`.
        whose: what has the name, for the error: "task shop.first: xcom_storage".
    Raises:
        UnknownStorageError: naming the known ones.
    """
    if name not in known:
        raise UnknownStorageError(
            f"{whose} is {name!r}, which plugins.xcom_storages does not name here; known: {', '.join(known)}"
        )


def _places(config: Config) -> dict[str, tuple[str, str]]:
    home = str(config.home)
    read = _read_places(config.plugins.xcom_storages)
    return {name: (storage, location.replace("{home}", home)) for name, (storage, location) in read.items()}


def _read_places(text: str) -> dict[str, tuple[str, str]]:
    where = "plugins.xcom_storages"
    found = _json(text, where, dict, '{"lake": {"storage": "s3", "location": "s3://bucket/xcoms"}}')
    for name, place in found.items():
        if not _NAME.fullmatch(name) or name == DEFAULT:
            raise TradewindConfigException(
                f"{where}: {name!r} cannot be a name: it consists of letters, digits, dots, dashes and underscores, and "
                f"{DEFAULT!r} is the storage of plugins.xcom_storage"
            )
        if not isinstance(place, dict) or place.keys() != _PLACE or not _all_text(place.values()):
            raise TradewindConfigException(
                f"{where}: {name} needs a `storage` and a `location`, both text, and nothing else"
            )
    return {name: (place["storage"], place["location"]) for name, place in found.items()}


def _rules(config: Config, known: Sequence[str]) -> list[Rule]:
    where = "plugins.xcom_rules"
    found = _json(config.plugins.xcom_rules, where, list, '[{"type": "table", "storage": "lake"}]')
    return [_rule(each, f"{where}: rule {number}", known) for number, each in enumerate(found, 1)]


def _rule(found: Any, where: str, known: Sequence[str]) -> Rule:
    if not isinstance(found, dict) or not {"storage"} <= found.keys() <= _RULE:
        raise TradewindConfigException(f"{where} is an object with a `storage`, and perhaps a `type` and `above`")
    kind, above = found.get("type"), found.get("above", -1)
    if kind not in (None, TABLE, VALUE):
        raise TradewindConfigException(f"{where}: `type` is {TABLE!r} or {VALUE!r}, not {kind!r}")
    if isinstance(above, bool) or not isinstance(above, int):
        raise TradewindConfigException(f"{where}: `above` is a whole number of bytes, not {above!r}")
    check_name(found["storage"], known, f"{where}: `storage`")
    return Rule(found["storage"], kind, above)


def _json(text: str, where: str, kind: type, example: str) -> Any:
    if not text.strip():
        return kind()
    try:
        found = json.loads(text)
    except ValueError as error:
        raise TradewindConfigException(f"{where} is not JSON: {error}; it looks like {example}") from error
    if not isinstance(found, kind):
        raise TradewindConfigException(f"{where} looks like {example}")
    return found


def _all_text(values: Iterable[Any]) -> bool:
    return all(isinstance(each, str) for each in values)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
