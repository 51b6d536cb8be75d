"""Where connections and variables are looked up: secrets backends and the database, in the order of the configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tradewind_plugins.connection import Connection
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.config.sections import PluginsSection
from tradewind.plugins.current import registry
from tradewind.plugins.secrets_cache import CachedBackend

CONNECTION_PREFIX: Final = "TRADEWIND_CONN_"
VARIABLE_PREFIX: Final = "TRADEWIND_VAR_"
DATABASE: Final = "database"
"""The name of the metadata database among the backends; where it is not named it comes last."""


class EnvironmentBackend(SecretsBackend):
    """Environment variables: `TRADEWIND_CONN_<ID>` (a URI or JSON) and `TRADEWIND_VAR_<KEY>`, in capitals."""

    is_local = True

    def get_conn_value(self, conn_id: str) -> str | None:
        """Return `TRADEWIND_CONN_<ID>`."""
        return os.environ.get(CONNECTION_PREFIX + conn_id.upper())

    def get_variable(self, key: str) -> str | None:
        """Return `TRADEWIND_VAR_<KEY>`."""
        return os.environ.get(VARIABLE_PREFIX + key.upper())


@dataclass(frozen=True)
class Place:
    """One place that is asked.

    Arguments:
        name: as the configuration has it.
        backend: asked there; None is the metadata database.
    """

    name: str
    backend: SecretsBackend | None


class SecretsChain(SecretsBackend):
    """Several places, asked in their order until one answers.

    Asked itself, as a backend, it leaves the database out, for those who have none.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = tuple(places)
        self._backends = [place.backend for place in places if place.backend is not None]

    def get_connection(self, conn_id: str) -> Connection | None:
        """Return a connection from the first backend that has it."""
        answers = (backend.get_connection(conn_id) for backend in self._backends)
        return next((answer for answer in answers if answer is not None), None)

    def get_variable(self, key: str) -> str | None:
        """Return a variable from the first backend that has it."""
        answers = (backend.get_variable(key) for backend in self._backends)
        return next((answer for answer in answers if answer is not None), None)

    def get_config(self, key: str) -> str | None:
        """Return a setting from the first backend that has it."""
        answers = (backend.get_config(key) for backend in self._backends)
        return next((answer for answer in answers if answer is not None), None)


def configured_secrets(section: PluginsSection) -> SecretsChain:
    """Return the places that a configuration names, in its order.

    Raises:
        TradewindConfigException: there is no backend of a name, or it has no such option.
    """
    return secrets_chain(
        section.secrets_backends, options=section.secrets_options, cache_seconds=section.secrets_cache_seconds
    )


def secrets_chain(
    names: Sequence[str] = ("environment",), *, options: str = "", cache_seconds: float = 0.0
) -> SecretsChain:
    """Return the places of these names; the database is last, unless it is named.

    `environment` brings with it what plugins declare as `environment.<whose>`: other names for the same, asked after our own.

    Arguments:
        options: JSON, the arguments that backends are made with, by their names.
        cache_seconds: for which an answer of a backend that is not on this machine counts; 0: each time anew.
    Raises:
        TradewindConfigException: there is no backend of a name, it has no such option, or the options are no JSON.
    """
    known = registry()
    given = _options(options, names)
    besides = [name for name in known.names("secrets backend") if name.startswith("environment.") and name not in names]
    chosen = [each for name in names for each in (name, *(besides if name == "environment" else ()))]
    if DATABASE not in chosen:
        chosen.append(DATABASE)
    return SecretsChain([_place(name, given.get(name, {}), cache_seconds) for name in chosen])


def _place(name: str, options: Mapping[str, Any], cache_seconds: float) -> Place:
    if name == DATABASE:
        return Place(name, None)
    made = registry().load("secrets backend", name)
    try:
        backend: SecretsBackend = made(**options)
    except TypeError as error:
        raise TradewindConfigException(
            f"the secrets backend {name!r} cannot be made with its plugins.secrets_options: {error}"
        ) from error
    is_asked_anew = backend.is_local or not cache_seconds
    return Place(name, backend if is_asked_anew else CachedBackend(backend, cache_seconds))


def _options(text: str, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise TradewindConfigException(f"plugins.secrets_options is not JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise TradewindConfigException(
            'plugins.secrets_options holds an object of options for each backend, such as {"file": {"connections_file_path": "…"}}'
        )
    unknown = sorted(set(found) - set(names))
    if unknown:
        raise TradewindConfigException(
            f"plugins.secrets_options has options for {unknown[0]!r}, which plugins.secrets_backends does not name"
        )
    return found
