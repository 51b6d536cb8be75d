"""`airflow.configuration`: settings in terms of `airflow.cfg`, for DAG files that read them.

What Tradewind has itself is answered from its own configuration; the rest from `AIRFLOW__SECTION__KEY`, then from an `airflow.cfg`
in AIRFLOW_HOME (else in TRADEWIND_HOME), then from Airflow's default where DAG files ask for one. Nothing is written.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from configparser import ConfigParser, Error
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from tradewind_plugins.exceptions import TradewindConfigException as AirflowConfigException

from tradewind_airflow_names.own.helpers import import_string
from tradewind_airflow_names.own.settings_table import DEFAULTS, OLD, OURS, SECRETS, default_of, from_tradewind, home

__all__ = ["AIRFLOW_CONFIG", "AIRFLOW_HOME", "AirflowConfigException", "AirflowConfigParser", "conf"]

_ENVIRONMENT = "AIRFLOW__"
_HIDDEN = "< hidden >"
_MISSING: Any = object()
_Value = TypeVar("_Value")


def get_airflow_home() -> str:
    """Return AIRFLOW_HOME, or TRADEWIND_HOME where that is not set."""
    return str(Path(os.environ.get("AIRFLOW_HOME") or home()).expanduser())


class AirflowConfigParser:
    """The settings, read as Airflow's configuration is. Sections and keys are the same in capitals."""

    def get(self, section: str, key: str, fallback: Any = _MISSING, **_options: Any) -> Any:
        """Return a setting as a text.

        Arguments:
            section, key: as in `airflow.cfg`; keys of older releases are understood.
            fallback: returned where nobody has a value.
        Raises:
            AirflowConfigException: there is no such setting and no fallback, or it is a secret.
        """
        section, key = section.lower(), key.lower()
        section, key = OLD.get((section, key), (section, key))
        if (section, key) in SECRETS:
            raise AirflowConfigException(
                f"{section}.{key} is a secret that Tradewind keeps from DAG files: {SECRETS[section, key]}"
            )
        found = self._found(section, key)
        if found is not None:
            return found
        if fallback is not _MISSING:
            return fallback
        raise AirflowConfigException(
            f"section/key [{section}/{key}] not found: set {_ENVIRONMENT}{section.upper()}__{key.upper()}, or write "
            f"{key} under [{section}] in {self._path}"
        )

    def getboolean(self, section: str, key: str, **options: Any) -> bool:
        """Return a setting as a boolean; see `get`."""
        return self._as(_boolean, "a boolean", section, key, options)

    def getint(self, section: str, key: str, **options: Any) -> int:
        """Return a setting as a whole number; see `get`."""
        return self._as(int, "a whole number", section, key, options)

    def getfloat(self, section: str, key: str, **options: Any) -> float:
        """Return a setting as a number; see `get`."""
        return self._as(float, "a number", section, key, options)

    def getlist(self, section: str, key: str, delimiter: str = ",", **options: Any) -> list[str]:
        """Return a setting as a list; see `get`."""
        split: Callable[[str], list[str]] = lambda text: [each.strip() for each in text.split(delimiter)]  # noqa: E731
        return self._as(split, "a list", section, key, options)

    def getjson(self, section: str, key: str, **options: Any) -> Any:
        """Return a setting that is written as JSON; see `get`."""
        return self._as(json.loads, "JSON", section, key, options)

    def getimport(self, section: str, key: str, **options: Any) -> Any:
        """Return what the path in a setting names, None where it is empty; see `get`.

        Raises:
            AirflowConfigException: it names nothing.
        """
        path = self.get(section, key, **options)
        try:
            return import_string(path) if path else None
        except ImportError as error:
            raise AirflowConfigException(f"{section}.{key} is {path!r}, which cannot be imported: {error}") from error

    def get_mandatory_value(self, section: str, key: str, **options: Any) -> str:
        """Return a setting that must be there; see `get`."""
        return str(self.get(section, key, **options))

    def has_option(self, section: str, option: str) -> bool:
        """Tell whether `get` would answer without a fallback."""
        try:
            self.get(section, option)
        except AirflowConfigException:
            return False
        return True

    def has_section(self, section: str) -> bool:
        """Tell whether there is a setting of the section."""
        return section.lower() in self.sections()

    def sections(self) -> list[str]:
        """Return every section with a setting, sorted."""
        return sorted({section for section, _ in self._known()})

    def options(self, section: str) -> list[str]:
        """Return every key of a section that has a value, sorted."""
        return sorted(key for each, key in self._known() if each == section.lower())

    def getsection(self, section: str) -> dict[str, Any] | None:
        """Return a section, with numbers and booleans as such and without secrets; None where it is empty."""
        found = {key: _plain(str(self._found(section.lower(), key))) for key in self.options(section)}
        return {key: value for key, value in found.items() if not _is_secret(section.lower(), key)} or None

    def as_dict(self, display_source: bool = False, **_options: Any) -> dict[str, dict[str, Any]]:
        """Return every section; secrets are hidden, whoever asks.

        Arguments:
            display_source: give each value as a pair with the place that it is from.
        """
        found: dict[str, dict[str, Any]] = {}
        for section, key in sorted(self._known()):
            hidden = _is_secret(section, key)
            value = _HIDDEN if hidden else str(self._found(section, key))
            found.setdefault(section, {})[key] = (value, self._source(section, key)) if display_source else value
        return found

    def set(self, section: str, option: str, *_value: Any) -> None:
        """Refuse: nothing would follow.

        Raises:
            AirflowConfigException: always.
        """
        raise AirflowConfigException(
            f"{section}.{option} cannot be set by code: write it into {self._path} or the environment"
        )

    def _as(
        self, convert: Callable[[str], _Value], kind: str, section: str, key: str, options: Mapping[str, Any]
    ) -> _Value:
        value = self.get(section, key, **options)
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]  # a fallback is returned as it was given
        try:
            return convert(value)
        except ValueError as error:
            raise AirflowConfigException(f"{section}.{key} is {value!r}, which is not {kind}") from error

    def _found(self, section: str, key: str) -> str | None:
        ours = from_tradewind(section, key)
        if ours is not None:
            return ours
        named = os.environ.get(f"{_ENVIRONMENT}{section.upper()}__{key.upper()}")
        if named is not None:
            return named
        in_file = self._file.get((section, key))
        return default_of(section, key) if in_file is None else in_file

    def _source(self, section: str, key: str) -> str:
        if from_tradewind(section, key) is not None:
            return "tradewind"
        if f"{_ENVIRONMENT}{section.upper()}__{key.upper()}" in os.environ:
            return "env var"
        return "airflow.cfg" if (section, key) in self._file else "default"

    def _known(self) -> frozenset[tuple[str, str]]:
        """Return the section and key of all that has a value."""
        named = [
            each[len(_ENVIRONMENT) :].lower().partition("__") for each in os.environ if each.startswith(_ENVIRONMENT)
        ]
        found = {(section, key) for section, _, key in named if key}
        return OURS | found | self._file.keys() | DEFAULTS.keys()

    @property
    def _path(self) -> Path:
        return Path(os.environ.get("AIRFLOW_CONFIG") or Path(get_airflow_home(), "airflow.cfg"))

    @cached_property
    def _file(self) -> dict[tuple[str, str], str]:
        """Return what `airflow.cfg` says, once a process: a changed one is seen by the next process that imports a DAG file."""
        reader = ConfigParser(interpolation=None)
        try:
            reader.read(self._path, encoding="utf-8")
        except (Error, UnicodeDecodeError, PermissionError) as error:
            raise AirflowConfigException(f"{self._path} cannot be read: {error}") from error
        return {
            (section.lower(), key): os.path.expandvars(value)
            for section in reader.sections()
            for key, value in reader[section].items()
        }


conf = AirflowConfigParser()
AIRFLOW_HOME = get_airflow_home()
AIRFLOW_CONFIG = str(conf._path)  # noqa: SLF001  (its own module)


def _is_secret(section: str, key: str) -> bool:
    return OLD.get((section, key), (section, key)) in SECRETS


def _boolean(text: str) -> bool:
    word = text.partition("#")[0].strip().lower()
    if word in {"t", "true", "1"}:
        return True
    if word in {"f", "false", "0"}:
        return False
    raise ValueError(text)


def _plain(text: str) -> Any:
    """Return a text as the number or boolean that it writes, else as it is."""
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _of_module(name: str) -> Callable[..., Any]:
    """Return a function of the module for a method of `conf`, as Airflow 1.10 had it."""

    def called(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"airflow.configuration.{name} is an old name: import airflow.configuration.conf",
            DeprecationWarning,
            stacklevel=2,
        )
        return getattr(conf, name)(*args, **kwargs)

    called.__name__ = called.__qualname__ = name
    return called


get = _of_module("get")
getboolean = _of_module("getboolean")
getfloat = _of_module("getfloat")
getint = _of_module("getint")
getsection = _of_module("getsection")
has_option = _of_module("has_option")
as_dict = _of_module("as_dict")
